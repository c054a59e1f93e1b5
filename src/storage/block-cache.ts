/**
 * Blocks read or written lately, bounded by bytes. What is in it was verified, or is what was just written.
 *
 * Slots lie side by side in slabs that are made when they are first needed and never given back, and what is known of a slot
 * lies in arrays of numbers: a cache in use leaves nothing for the collector, and costs at most 17 bytes a slot beside its blocks.
 * Slots are found by their block number in chains (`heads`, `next`). When all are taken, a hand goes round them: a block that was
 * used since the hand last came by stays for another round, the first one that was not gives way (CLOCK).
 */
import { assert } from '../assert.ts'
import { MiB, type BlockNo } from '../units.ts'

const SLAB_BYTES = MiB
const NONE = -1

export class BlockCache {
  readonly #blockSize: number
  readonly #slotsMax: number
  readonly #slotsPerSlab: number
  readonly #slabs: ArrayBuffer[] = []
  /** By slot: whose block it holds, NONE for nobody's; whether it was used since the hand came by; the next slot of its chain. */
  readonly #holds: Int32Array
  readonly #isUsed: Uint8Array
  readonly #next: Int32Array
  /** By the low bits of a block number: the first slot of the chain. */
  readonly #heads: Int32Array
  #slotCount = 0
  #heldCount = 0
  #hand = 0

  constructor({ cacheBytes, blockSize }: { readonly cacheBytes: number; readonly blockSize: number }) {
    this.#blockSize = blockSize
    this.#slotsMax = Math.floor(cacheBytes / blockSize)
    this.#slotsPerSlab = Math.min(Math.max(1, SLAB_BYTES / blockSize), this.#slotsMax)
    this.#holds = new Int32Array(this.#slotsMax)
    this.#isUsed = new Uint8Array(this.#slotsMax)
    this.#next = new Int32Array(this.#slotsMax)
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(1, this.#slotsMax)))).fill(NONE)
  }

  /** Of the blocks that it holds. */
  get bytes(): number {
    return this.#heldCount * this.#blockSize
  }

  /** The cache's own bytes: not to be written to, and what they are only until the next `set`. */
  get(blockNo: BlockNo): Uint8Array | undefined {
    const slot = this.#slotOf(blockNo)
    if (slot === NONE) return undefined
    this.#isUsed[slot] = 1
    return this.#bytesOf(slot)
  }

  /** Keeps a copy. */
  set(blockNo: BlockNo, bytes: Uint8Array): void {
    if (this.#slotsMax === 0) return
    const known = this.#slotOf(blockNo)
    this.#bytesOf(known === NONE ? this.#take(blockNo) : known).set(bytes)
  }

  delete(blockNo: BlockNo): void {
    const slot = this.#slotOf(blockNo)
    if (slot !== NONE) this.#empty(slot, blockNo)
  }

  clear(): void {
    this.#heads.fill(NONE)
    this.#holds.fill(NONE)
    this.#isUsed.fill(0)
    this.#heldCount = 0
  }

  #slotOf(blockNo: BlockNo): number {
    for (let slot = this.#first(blockNo); slot !== NONE; slot = this.#next[slot] ?? NONE)
      if (this.#holds[slot] === blockNo) return slot
    return NONE
  }

  #first(blockNo: number): number {
    return this.#heads[blockNo & (this.#heads.length - 1)] ?? NONE
  }

  #bytesOf(slot: number): Uint8Array {
    const slab = this.#slabs[Math.floor(slot / this.#slotsPerSlab)]
    assert(slab !== undefined, 'a slot lies in a slab')
    return new Uint8Array(slab, (slot % this.#slotsPerSlab) * this.#blockSize, this.#blockSize)
  }

  #take(blockNo: BlockNo): number {
    const slot = this.#slotCount < this.#slotsMax ? this.#grow() : this.#giveWay()
    this.#holds[slot] = blockNo
    this.#isUsed[slot] = 0
    this.#next[slot] = this.#first(blockNo)
    this.#heads[blockNo & (this.#heads.length - 1)] = slot
    this.#heldCount++
    return slot
  }

  /** The next slot of the last slab, or the first of a new one. */
  #grow(): number {
    if (this.#slotCount % this.#slotsPerSlab === 0)
      this.#slabs.push(new ArrayBuffer(this.#slotsPerSlab * this.#blockSize))
    return this.#slotCount++
  }

  #giveWay(): number {
    for (;;) {
      const slot = this.#hand
      this.#hand = (slot + 1) % this.#slotCount
      if (this.#isUsed[slot] === 1) {
        this.#isUsed[slot] = 0
        continue
      }
      const held = this.#holds[slot] ?? NONE
      if (held !== NONE) this.#empty(slot, held)
      return slot
    }
  }

  /** Takes the slot out of its chain. */
  #empty(slot: number, blockNo: number): void {
    const after = this.#next[slot] ?? NONE
    if (this.#first(blockNo) === slot) this.#heads[blockNo & (this.#heads.length - 1)] = after
    else {
      let before = this.#first(blockNo)
      while (this.#next[before] !== slot) before = this.#next[before] ?? NONE
      this.#next[before] = after
    }
    this.#holds[slot] = NONE
    this.#isUsed[slot] = 0
    this.#heldCount--
  }
}
