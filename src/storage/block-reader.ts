/**
 * Reads blocks as of the last appended commit: from the cache, else from the log's latest image, else from the home. Whatever comes
 * from the medium is verified; what is cached was. Pins hold an older state for reading: before a block changes, they note
 * where its image lies.
 */
import { assert } from '../assert.ts'
import { DatabaseError, isDatabaseError } from '../errors.ts'
import type { BlockNo } from '../units.ts'
import type { BlockCache } from './block-cache.ts'
import { type BlockEntry, verifyBlock } from './block-entry.ts'
import type { Snapshot } from './block-store.ts'
import type { BlockTable } from './block-table.ts'
import type { CommitLog } from './commit-log.ts'
import type { Home } from './home.ts'
import type { Meter } from './meter.ts'
import type { Frame, Segment } from './segment.ts'

/** Where a block's image lies; undefined: it never had one. A segment means the log, none the home. */
interface Place {
  readonly entry: BlockEntry
  readonly segment?: Segment
  readonly imageAt: number
}

interface Pin {
  /** Blocks that have changed since: where they lay before. */
  readonly before: Map<BlockNo, Place | undefined>
  isBroken: boolean
}

export interface ReaderParts {
  readonly log: CommitLog
  readonly table: BlockTable
  readonly home: Home
  readonly cache: BlockCache
  readonly meter: Meter
}

export class BlockReader {
  readonly #parts: ReaderParts
  readonly #pins = new Set<Pin>()

  constructor(parts: ReaderParts) {
    this.#parts = parts
  }

  get hasPins(): boolean {
    return this.#pins.size > 0
  }

  entryOf(at: BlockNo): BlockEntry | undefined {
    return this.#parts.log.frameOf(at) ?? this.#parts.table.get(at)
  }

  /** @throws CHECKSUM_MISMATCH, ALGORITHM_MISMATCH, HOME_CORRUPT, STORAGE_FAILED */
  read(at: BlockNo, into: Uint8Array): void {
    assert(into.length === this.#parts.home.blockSize, 'a block is read whole')
    if (at >= this.#parts.log.sizeBlocks) return void into.fill(0)
    const cached = this.#parts.cache.get(at)
    if (cached !== undefined) return into.set(cached)
    const place = this.#place(at)
    if (place === undefined || place.entry.isTombstone) return void into.fill(0)
    this.readPlace(at, place, into)
    this.#parts.cache.set(at, into)
  }

  /** The block's bytes from the medium, verified, whatever is cached. False: it has none. */
  readStored(at: BlockNo, into: Uint8Array): boolean {
    const place = this.#place(at)
    if (place === undefined || place.entry.isTombstone) return false
    this.readPlace(at, place, into)
    return true
  }

  readFrame(at: BlockNo, segment: Segment, frame: Frame, into: Uint8Array): void {
    this.readPlace(at, { entry: frame, segment, imageAt: frame.imageAt }, into)
  }

  readPlace(at: BlockNo, { entry, segment, imageAt }: Place, into: Uint8Array): void {
    const file = segment?.file ?? this.#parts.home.file
    try {
      if (segment !== undefined) segment.file.read(into, imageAt)
      else if (!this.#parts.home.read(at, into)) throw missing(at, file.name)
      verifyBlock(at, entry, into, file.name)
    } catch (error) {
      if (!isDatabaseError(error, 'STORAGE_FAILED')) this.#parts.meter.checksumFailures++
      throw error
    }
  }

  /** File in which the block's image lies now. */
  fileOf(at: BlockNo): string {
    return this.#place(at)?.segment?.file.name ?? this.#parts.home.file.name
  }

  /** Before blocks change: pins note where they lie. */
  noteChange(blockNos: readonly BlockNo[]): void {
    for (const { before } of this.#pins) {
      for (const at of blockNos) if (!before.has(at)) before.set(at, this.#place(at))
    }
  }

  /** Folded segments are about to be recycled: what pins noted in them lies in the home now. */
  noteFolded(folded: readonly Segment[]): void {
    for (const { before } of this.#pins) {
      for (const [at, place] of before) {
        if (place?.segment === undefined || !folded.includes(place.segment)) continue
        before.set(at, { entry: place.entry, imageAt: -1 })
      }
    }
  }

  /** What pins hold can no longer be read: the log was rewound, or the files are closed. */
  breakPins(): void {
    for (const pin of this.#pins) pin.isBroken = true
    this.#pins.clear()
  }

  pin(): Snapshot {
    const { log, home } = this.#parts
    const pin: Pin = { before: new Map(), isBroken: false }
    const { lastTxid, sizeBlocks } = log
    this.#pins.add(pin)
    return {
      txid: lastTxid,
      sizeBlocks,
      blockSize: home.blockSize,
      read: (at, into) => this.#readPinned(pin, { at, sizeBlocks }, into),
      release: () => void this.#pins.delete(pin),
    }
  }

  #readPinned(pin: Pin, { at, sizeBlocks }: { at: BlockNo; sizeBlocks: number }, into: Uint8Array): void {
    if (pin.isBroken)
      throw new DatabaseError('EXPORT_INTERRUPTED', 'the snapshot ended: the store was closed or rebuilt')
    assert(this.#pins.has(pin), 'a snapshot is not read after its release')
    if (at >= sizeBlocks) return void into.fill(0)
    const place = pin.before.has(at) ? pin.before.get(at) : this.#place(at)
    if (place === undefined || place.entry.isTombstone) return void into.fill(0)
    this.readPlace(at, place, into)
  }

  #place(at: BlockNo): Place | undefined {
    const located = this.#parts.log.locate(at)
    if (located !== undefined) return { entry: located.frame, segment: located.segment, imageAt: located.frame.imageAt }
    const entry = this.#parts.table.get(at)
    return entry === undefined ? undefined : { entry, imageAt: -1 }
  }
}

const missing = (at: BlockNo, file: string) =>
  new DatabaseError('HOME_CORRUPT', `block ${at}: ${file} ends before it`, { details: { blockNo: at, file } })
