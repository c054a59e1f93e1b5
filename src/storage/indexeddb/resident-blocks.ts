/**
 * The blocks, in memory: one slab for each segment that holds any, with the bytes that the segment has on the medium. What was read
 * from the medium is compared with its checksum when it is first asked for; what was written here need not be. A segment that has not
 * been read yet is awaited, and nothing of it changes.
 */
import { assert } from '../../assert.ts'
import { DatabaseError } from '../../errors.ts'
import { type BlockNo, blockNo, MiB } from '../../units.ts'
import { blocksPerSegment } from './schema.ts'

interface Slab {
  readonly bytes: Uint8Array
  /** By block of the slab: 1 if its bytes are known to be what was written. */
  readonly isVerified: Uint8Array
}

export class ResidentBlocks {
  readonly blockSize: number
  readonly perSlab: number
  readonly #bytesMax: number
  readonly #slabs = new Map<number, Slab>()
  readonly #awaited = new Set<number>()
  /** Of those that were read. */
  readonly #bytesRead = new Map<number, number>()

  constructor({ blockSize, bytesMax }: { readonly blockSize: number; readonly bytesMax: number }) {
    this.blockSize = blockSize
    this.perSlab = blocksPerSegment(blockSize)
    this.#bytesMax = bytesMax
  }

  /** Segments that are on the medium and not here yet. */
  get awaited(): ReadonlySet<number> {
    return this.#awaited
  }

  /** Nothing is here yet of these. */
  expect(segments: Iterable<number>): void {
    for (const no of segments) this.#awaited.add(no)
  }

  /** How much of a slab its segment held; undefined if it has none, or it is awaited. */
  bytesReadOf(slabNo: number): number | undefined {
    return this.#bytesRead.get(slabNo)
  }

  get bytes(): number {
    return this.#slabs.size * this.perSlab * this.blockSize
  }

  /** Before anything is written. @throws NOT_SUPPORTED when the database would no longer fit */
  assertFits(blockNos: Iterable<BlockNo>): void {
    const added = new Set<number>()
    for (const at of blockNos) if (!this.#slabs.has(this.slabOf(at))) added.add(this.slabOf(at))
    this.#assertBytesFit(this.bytes + added.size * this.perSlab * this.blockSize)
  }

  /** Before it is read. @throws NOT_SUPPORTED */
  assertSizeFits(sizeBlocks: number): void {
    this.#assertBytesFit(sizeBlocks * this.blockSize)
  }

  slabOf(at: BlockNo): number {
    return Math.floor(at / this.perSlab)
  }

  /** Takes over a segment as it was read. */
  load(slabNo: number, segment: Uint8Array): void {
    const isWhole = segment.length === this.perSlab * this.blockSize && segment.byteOffset === 0
    const slab = isWhole ? { bytes: segment, isVerified: new Uint8Array(this.perSlab) } : this.#newSlab()
    if (!isWhole) slab.bytes.set(segment.subarray(0, slab.bytes.length))
    this.#slabs.set(slabNo, slab)
    this.#bytesRead.set(slabNo, segment.length)
    this.#awaited.delete(slabNo)
  }

  isAwaited(at: BlockNo): boolean {
    return this.#awaited.size > 0 && this.#awaited.has(this.slabOf(at))
  }

  /** The block's own bytes, valid until it is written; zeros of nobody's when it has none. */
  get(at: BlockNo): Uint8Array | undefined {
    const slab = this.#slabs.get(this.slabOf(at))
    const from = (at % this.perSlab) * this.blockSize
    return slab?.bytes.subarray(from, from + this.blockSize)
  }

  isVerified(at: BlockNo): boolean {
    return this.#slabs.get(this.slabOf(at))?.isVerified[at % this.perSlab] === 1
  }

  setVerified(at: BlockNo): void {
    const slab = this.#slabs.get(this.slabOf(at))
    if (slab !== undefined) slab.isVerified[at % this.perSlab] = 1
  }

  /** Keeps a copy. */
  set(at: BlockNo, image: Uint8Array, { isVerified = true } = {}): void {
    const slabNo = this.slabOf(at)
    assert(!this.#awaited.has(slabNo), 'a block is written when its segment is here')
    let slab = this.#slabs.get(slabNo)
    if (slab === undefined) this.#slabs.set(slabNo, (slab = this.#newSlab()))
    slab.bytes.set(image, (at % this.perSlab) * this.blockSize)
    slab.isVerified[at % this.perSlab] = isVerified ? 1 : 0
  }

  /** Given up: zeros. */
  delete(at: BlockNo): void {
    assert(!this.isAwaited(at), 'a block is given up when its segment is here')
    this.get(at)?.fill(0)
  }

  /** Gives back the slabs behind the end of the database. */
  cut(sizeBlocks: number): void {
    if ((this.#slabs.size + this.#awaited.size) * this.perSlab <= sizeBlocks) return
    const end = sizeBlocks === 0 ? 0 : this.slabOf(blockNo(sizeBlocks - 1)) + 1
    for (const slabNo of this.#slabs.keys()) if (slabNo >= end) this.#slabs.delete(slabNo)
    for (const slabNo of this.#awaited) if (slabNo >= end) this.#awaited.delete(slabNo)
  }

  #assertBytesFit(bytes: number): void {
    const bytesMax = this.#bytesMax
    if (bytes <= bytesMax) return
    const [needed, most] = [Math.ceil(bytes / MiB), Math.floor(bytesMax / MiB)]
    throw new DatabaseError(
      'NOT_SUPPORTED',
      `a database of ${needed} MiB is too large for IndexedDB, whose blocks are kept in memory (at most ${most} MiB): use OPFS`,
      { details: { bytes, bytesMax } },
    )
  }

  #newSlab(): Slab {
    return {
      bytes: new Uint8Array(this.perSlab * this.blockSize),
      isVerified: new Uint8Array(this.perSlab),
    }
  }
}
