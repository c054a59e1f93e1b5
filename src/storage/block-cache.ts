/** The blocks read or written last, bounded by bytes. What is in it was verified, or is what was just written. */
import type { BlockNo } from '../units.ts'

export class BlockCache {
  readonly #blocks = new Map<BlockNo, Uint8Array>()
  readonly #blocksMax: number
  readonly #blockSize: number

  constructor(options: { readonly cacheBytes: number; readonly blockSize: number }) {
    this.#blockSize = options.blockSize
    this.#blocksMax = Math.floor(options.cacheBytes / options.blockSize)
  }

  get bytes(): number {
    return this.#blocks.size * this.#blockSize
  }

  /** The cache's own bytes: not to be written to. A hit makes the block the youngest. */
  get(blockNo: BlockNo): Uint8Array | undefined {
    const bytes = this.#blocks.get(blockNo)
    if (bytes === undefined) return undefined
    this.#blocks.delete(blockNo)
    this.#blocks.set(blockNo, bytes)
    return bytes
  }

  /** Keeps a reference: nobody writes to `bytes` afterwards. */
  set(blockNo: BlockNo, bytes: Uint8Array): void {
    this.#blocks.delete(blockNo)
    this.#blocks.set(blockNo, bytes)
    if (this.#blocks.size <= this.#blocksMax) return
    const [oldest] = this.#blocks.keys()
    if (oldest !== undefined) this.#blocks.delete(oldest)
  }

  delete(blockNo: BlockNo): void {
    this.#blocks.delete(blockNo)
  }

  clear(): void {
    this.#blocks.clear()
  }
}
