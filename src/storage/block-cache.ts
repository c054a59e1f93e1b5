/**
 * Blocks read or written lately, bounded by bytes. What is in it was verified, or is what was just written.
 *
 * Slots lie side by side in slabs that are made when they are first needed and never given back, so that a cache in use does not
 * scatter small buffers over the heap. When all are taken, a hand goes round them: a block that was used since the hand
 * last came by stays for another round, the first one that was not gives way (CLOCK).
 */
import { MiB, type BlockNo } from '../units.ts'

const SLAB_BYTES = MiB
const FREE = -1

export class BlockCache {
  readonly #blockSize: number
  readonly #slotsMax: number
  readonly #slotOf = new Map<BlockNo, number>()
  /** Views of the slabs, one per slot; by slot, whose block it holds, and whether it was used since the hand came by. */
  readonly #slots: Uint8Array[] = []
  readonly #holds: number[] = []
  readonly #isUsed: boolean[] = []
  #hand = 0

  constructor(options: { readonly cacheBytes: number; readonly blockSize: number }) {
    this.#blockSize = options.blockSize
    this.#slotsMax = Math.floor(options.cacheBytes / options.blockSize)
  }

  get bytes(): number {
    return this.#slotOf.size * this.#blockSize
  }

  /** The cache's own bytes: not to be written to, and what they are only until the next `set`. */
  get(blockNo: BlockNo): Uint8Array | undefined {
    const slot = this.#slotOf.get(blockNo)
    if (slot === undefined) return undefined
    this.#isUsed[slot] = true
    return this.#slots[slot]
  }

  /** Keeps a copy. */
  set(blockNo: BlockNo, bytes: Uint8Array): void {
    if (this.#slotsMax === 0) return
    const slot = this.#slotOf.get(blockNo) ?? this.#take(blockNo)
    this.#slots[slot]?.set(bytes)
  }

  delete(blockNo: BlockNo): void {
    const slot = this.#slotOf.get(blockNo)
    if (slot === undefined) return
    this.#slotOf.delete(blockNo)
    this.#holds[slot] = FREE
    this.#isUsed[slot] = false
  }

  clear(): void {
    this.#slotOf.clear()
    this.#holds.fill(FREE)
    this.#isUsed.fill(false)
  }

  #take(blockNo: BlockNo): number {
    const slot = this.#slots.length < this.#slotsMax ? this.#grow() : this.#giveWay()
    this.#slotOf.set(blockNo, slot)
    this.#holds[slot] = blockNo
    this.#isUsed[slot] = false
    return slot
  }

  /** The next slot of the last slab, or the first of a new one. */
  #grow(): number {
    const perSlab = Math.max(1, SLAB_BYTES / this.#blockSize)
    const within = this.#slots.length % perSlab
    const buffer = within === 0 ? new ArrayBuffer(perSlab * this.#blockSize) : this.#slots.at(-1)?.buffer
    return this.#slots.push(new Uint8Array(buffer ?? new ArrayBuffer(0), within * this.#blockSize, this.#blockSize)) - 1
  }

  #giveWay(): number {
    for (;;) {
      const slot = this.#hand
      this.#hand = (slot + 1) % this.#slots.length
      if (this.#isUsed[slot] === true) {
        this.#isUsed[slot] = false
        continue
      }
      const held = this.#holds[slot]
      if (held !== undefined && held !== FREE) this.#slotOf.delete(held as BlockNo)
      return slot
    }
  }
}
