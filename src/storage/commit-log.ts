/**
 * The commit log over a fixed pool of segment files: appends records to the active segment, switches when it is full, and knows
 * where the latest image of each block that is not folded lies.
 *
 *   segments[0] … sealed … segments.at(-1) active      the other files of the pool are spare
 *
 * A switch leaves one file spare, for recovery and for a series that voids a failed record; when it cannot, the active one grows.
 */
import { assert } from '../assert.ts'
import { type BlockNo, type Epoch, nextTxid, type Txid, txid } from '../units.ts'
import { BarrierLine, flushSegments, isUnflushed } from './barrier-line.ts'
import { carryBody, type Carried } from './carry-record.ts'
import type { StoreFile } from './file-system.ts'
import { grow, writeFully } from './log-space.ts'
import { type RecordBody, RecordEncoder, recordBytesOf, type RecordInput, type WrittenRecord } from './record.ts'
import {
  encodeSegmentHeader,
  type LogStart,
  type Frame,
  frameOf,
  locate,
  type Located,
  type Segment,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from './segment.ts'

export interface LogOptions {
  readonly storeId: string
  readonly blockSize: number
  readonly segmentBytes: number
  readonly files: readonly StoreFile[]
}

export class CommitLog {
  readonly #options: LogOptions
  readonly #encoder: RecordEncoder
  #segments: Segment[]
  #sequence: number
  #hash: bigint
  #lastTxid: Txid
  #sizeBlocks: number
  durableTxid: Txid
  readonly #barriers = new BarrierLine()

  constructor(options: LogOptions, start: LogStart) {
    this.#options = options
    this.#encoder = new RecordEncoder(options.storeId, options.blockSize)
    this.#segments = [...start.segments]
    this.#sequence = start.sequence
    this.#hash = start.hash
    this.#lastTxid = start.lastTxid
    this.#sizeBlocks = start.sizeBlocks
    this.durableTxid = start.lastTxid
  }

  get lastTxid(): Txid {
    return this.#lastTxid
  }

  get hash(): bigint {
    return this.#hash
  }

  get sizeBlocks(): number {
    return this.#sizeBlocks
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  get active(): Segment {
    const active = this.#segments.at(-1)
    assert(active !== undefined, 'a log that is written has an active segment')
    return active
  }

  get sealed(): readonly Segment[] {
    return this.#segments.slice(0, -1)
  }

  /** Of records; preallocated space is not counted. */
  get bytes(): number {
    return this.#segments.reduce((sum, { end }) => sum + end - SEGMENT_HEADER_BYTES, 0)
  }

  /** Files that hold nothing of the log, the one that was active longest ago first. */
  get spares(): StoreFile[] {
    const { files } = this.#options
    const used = new Set(this.#segments.map(({ file }) => file))
    const active = this.#segments.at(-1)
    const after = active === undefined ? 0 : files.indexOf(active.file) + 1
    return [...files.slice(after), ...files.slice(0, after)].filter((file) => !used.has(file))
  }

  locate(at: BlockNo): Located | undefined {
    return locate(at, this.#segments)
  }

  frameOf(at: BlockNo): Frame | undefined {
    return this.locate(at)?.frame
  }

  /** The next record does not fit into the active segment, and a file is spare beyond the one that is held back. */
  wantsSwitch(body: RecordBody): boolean {
    const { end, lastTxid, header } = this.active
    const isLong = end + this.#bytesOf(body) > this.#options.segmentBytes
    return isLong && lastTxid >= header.firstTxid && this.spares.length > 1
  }

  /**
   * Begins a segment behind the last record. Not durable. A file may be named; else the next spare one is taken.
   * @throws STORAGE_FULL before any byte of it is written; any other failure leaves it unknown what stands in that file
   */
  startSegment(epoch: Epoch, carried: Carried, file: StoreFile | undefined = this.spares[0]): Segment {
    assert(file !== undefined, 'a segment begins in a spare file')
    const { storeId, segmentBytes } = this.#options
    const header: SegmentHeader = {
      storeId,
      epoch,
      sequence: this.#sequence + 1,
      continuesFrom: this.#hash,
      firstTxid: nextTxid(this.#lastTxid),
    }
    const segment: Segment = {
      file,
      header,
      frames: new Map(),
      fileBytes: file.size(),
      end: SEGMENT_HEADER_BYTES,
      lastBytes: 0,
      flushedEnd: 0,
      hash: this.#hash,
      lastTxid: this.#lastTxid,
      sizeBlocks: this.#sizeBlocks,
    }
    const body = carryBody(carried, { lastTxid: this.#lastTxid, sizeBlocks: this.#sizeBlocks })
    grow(segment, Math.max(segmentBytes, segment.end + this.#bytesOf(body)))
    return this.#beginSegment(segment, body)
  }

  /** Writes one record behind the last. @throws STORAGE_FULL before any byte of it; any other failure leaves the outcome unknown */
  append(body: RecordBody): WrittenRecord {
    assert(body.firstTxid === this.#lastTxid + 1, 'a record follows the last one')
    assert(body.lastTxid >= body.firstTxid, 'a record holds at least one transaction')
    const segment = this.active
    grow(segment, segment.end + this.#bytesOf(body))
    const written = this.#write(segment, body)
    this.#lastTxid = body.lastTxid
    this.#sizeBlocks = body.sizeBlocks
    segment.lastTxid = body.lastTxid
    segment.sizeBlocks = body.sizeBlocks
    return written
  }

  /** Everything written so far is durable when it returns, or resolves. The error is the medium's own. */
  barrier({ mayWait }: { readonly mayWait: boolean }): Promise<void> | undefined {
    return this.#barriers.run((hasWaited) => this.#flush(mayWait || hasWaited))
  }

  #flush(mayWait: boolean): Promise<void> | undefined {
    const through = this.#lastTxid
    const settle = () => void (this.durableTxid = txid(Math.max(this.durableTxid, through)))
    const flushing = flushSegments(this.#segments, mayWait)
    if (flushing !== undefined) return flushing.then(settle)
    settle()
    return undefined
  }

  get hasUnflushed(): boolean {
    return this.#segments.some(isUnflushed)
  }

  /** Folded: their files are spare from here on. */
  release(folded: readonly Segment[]): void {
    this.#segments = this.#segments.filter((segment) => !folded.includes(segment))
  }

  /** Goes back to an earlier end of the log: what came after it is void. */
  rewind(start: LogStart): void {
    this.#segments = [...start.segments]
    this.#hash = start.hash
    this.#lastTxid = start.lastTxid
    this.#sizeBlocks = start.sizeBlocks
    this.#sequence = start.sequence
    this.durableTxid = start.lastTxid
  }

  /** The home was taken over as it is: a transaction without a record, which the next segment begins behind. */
  adopt({ lastTxid, sizeBlocks }: { readonly lastTxid: Txid; readonly sizeBlocks: number }): void {
    this.#lastTxid = lastTxid
    this.#sizeBlocks = sizeBlocks
    this.durableTxid = lastTxid
    for (const segment of this.#segments) segment.frames.clear()
    this.active.sizeBlocks = sizeBlocks
  }

  get sequence(): number {
    return this.#sequence
  }

  #bytesOf({ entries, images, requests }: RecordBody): number {
    return recordBytesOf(entries.length, images.length, requests.length, this.#options.blockSize)
  }

  #beginSegment(segment: Segment, body: RecordBody): Segment {
    writeFully(segment.file, encodeSegmentHeader(segment.header), 0)
    this.#write(segment, body)
    this.#segments.push(segment)
    this.#sequence = segment.header.sequence
    return segment
  }

  #write(segment: Segment, body: RecordBody): WrittenRecord {
    const { end, file, frames } = segment
    const chained: RecordInput = {
      firstTxid: body.firstTxid,
      lastTxid: body.lastTxid,
      timeMs: body.timeMs,
      sizeBlocks: body.sizeBlocks,
      blockNos: body.blockNos,
      entries: body.entries,
      images: body.images,
      requests: body.requests,
      epoch: segment.header.epoch,
      durableThrough: this.durableTxid,
      prev: this.#hash,
    }
    const written = this.#encoder.encode(chained, (chunk, at) => writeFully(file, chunk, end + at))
    const { blockSize } = this.#options
    for (let index = 0; index < body.entries.length; index++) {
      const entry = body.entries[index]
      const block = body.blockNos[index]
      assert(entry !== undefined && block !== undefined, 'entries have no gaps')
      const imageAt = entry.isTombstone ? -1 : end + written.imagesAt + index * blockSize
      frames.set(block, frameOf(entry, imageAt))
    }
    segment.end = end + written.bytes
    segment.lastBytes = written.bytes
    segment.hash = this.#hash = written.hash
    return written
  }
}
