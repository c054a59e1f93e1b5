/**
 * The database as of the last commit, and as of earlier ones for those who hold a snapshot: before a block changes, each snapshot
 * that has not seen it change yet keeps it as it was.
 */
import { assert } from '../../assert.ts'
import { DatabaseError } from '../../errors.ts'
import type { BlockNo, Txid } from '../../units.ts'
import { BlockAwaited } from '../awaited.ts'
import { type BlockEntry, verifyBlock } from '../block-entry.ts'
import type { Snapshot } from '../block-store.ts'
import type { Meter } from '../meter.ts'
import { ResidentBlocks } from './resident-blocks.ts'
import { ResidentTable } from './resident-table.ts'

export interface Kept {
  readonly entry: BlockEntry | undefined
  readonly image: Uint8Array | undefined
}

export interface Pin {
  readonly before: Map<BlockNo, Kept>
  isBroken: boolean
}

/** Entries and images in parallel as in a record; behind the last image come the tombstones. */
export interface Change {
  readonly blockNos: readonly BlockNo[]
  readonly entries: readonly BlockEntry[]
  readonly imageOf: (index: number) => { readonly bytes: Uint8Array; readonly isVerified: boolean }
  readonly sizeBlocks: number
}

export class Resident {
  readonly blocks: ResidentBlocks
  readonly table: ResidentTable
  readonly #meter: Meter
  readonly #pins = new Set<Pin>()
  readonly #snapshots = new Set<Pin>()
  sizeBlocks = 0

  constructor(options: {
    readonly storeId: string
    readonly blockSize: number
    readonly bytesMax: number
    readonly meter: Meter
  }) {
    this.blocks = new ResidentBlocks(options)
    this.table = new ResidentTable(options.storeId)
    this.#meter = options.meter
  }

  entryOf(at: BlockNo): BlockEntry | undefined {
    return this.table.get(at)
  }

  /** @throws CHECKSUM_MISMATCH, ALGORITHM_MISMATCH, BlockAwaited */
  read(at: BlockNo, into: Uint8Array): void {
    const entry = at < this.sizeBlocks ? this.table.get(at) : undefined
    if (entry === undefined || entry.isTombstone) return void into.fill(0)
    if (this.blocks.isAwaited(at)) throw new BlockAwaited(at)
    const bytes = this.blocks.get(at)
    if (!this.blocks.isVerified(at)) this.verify(at, entry, bytes ?? new Uint8Array(0))
    if (bytes !== undefined) into.set(bytes)
  }

  verify(at: BlockNo, entry: BlockEntry, bytes: Uint8Array): void {
    try {
      verifyBlock(at, entry, bytes, 'segments')
    } catch (error) {
      this.#meter.checksumFailures++
      throw error
    }
    this.blocks.setVerified(at)
  }

  apply({ blockNos, entries, imageOf, sizeBlocks }: Change): void {
    if (this.#pins.size > 0) this.#keep(blockNos)
    for (const [index, at] of blockNos.entries()) {
      const entry = entries[index]
      assert(entry !== undefined, 'every block that changes has its entry')
      this.table.set(at, entry)
      if (entry.isTombstone) {
        this.blocks.delete(at)
        continue
      }
      const { bytes, isVerified } = imageOf(index)
      this.blocks.set(at, bytes, { isVerified })
    }
    this.blocks.cut(sizeBlocks)
    this.sizeBlocks = sizeBlocks
  }

  /** What the database is now stays readable through `before`, until the pin is released. */
  hold(): Pin {
    const pin: Pin = { before: new Map(), isBroken: false }
    this.#pins.add(pin)
    return pin
  }

  release(pin: Pin): void {
    this.#pins.delete(pin)
  }

  /** What snapshots hold can no longer be read. */
  breakSnapshots(): void {
    for (const pin of this.#snapshots) {
      pin.isBroken = true
      this.#pins.delete(pin)
    }
    this.#snapshots.clear()
  }

  /** Somebody holds the database as of some transaction. */
  get hasSnapshots(): boolean {
    return this.#snapshots.size > 0
  }

  /** The database as of now, which is `txid`. */
  pin(txid: Txid): Snapshot {
    const { sizeBlocks } = this
    const pin = this.hold()
    this.#snapshots.add(pin)
    const release = () => {
      this.#snapshots.delete(pin)
      this.release(pin)
    }
    const read = (at: BlockNo, into: Uint8Array) => this.#readPinned(pin, { at, sizeBlocks }, into)
    return { txid, sizeBlocks, blockSize: this.blocks.blockSize, read, release }
  }

  #readPinned(pin: Pin, { at, sizeBlocks }: { at: BlockNo; sizeBlocks: number }, into: Uint8Array): void {
    if (pin.isBroken)
      throw new DatabaseError('EXPORT_INTERRUPTED', 'the snapshot ended: the store was closed or rebuilt')
    assert(this.#pins.has(pin), 'a snapshot is not read after its release')
    const kept = pin.before.get(at)
    if (at >= sizeBlocks) into.fill(0)
    else if (kept === undefined) this.read(at, into)
    else readKept(kept, at, into)
  }

  #keep(blockNos: readonly BlockNo[]): void {
    for (const at of blockNos) {
      const pins = [...this.#pins].filter(({ before }) => !before.has(at))
      if (pins.length === 0) continue
      const entry = this.table.get(at)
      const isLive = entry !== undefined && !entry.isTombstone
      const kept: Kept = { entry, image: isLive ? this.blocks.get(at)?.slice() : undefined }
      for (const { before } of pins) before.set(at, kept)
    }
  }
}

/** Its bytes may be those of the medium, not looked at yet. */
function readKept({ entry, image }: Kept, at: BlockNo, into: Uint8Array): void {
  if (entry === undefined || entry.isTombstone) return void into.fill(0)
  const bytes = image ?? new Uint8Array(0)
  verifyBlock(at, entry, bytes, 'segments')
  into.set(bytes)
}
