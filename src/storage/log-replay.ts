/** From records that were read back to the log in memory. */
import type { CommitLog } from './commit-log.ts'
import type { StoreFile } from './file-system.ts'
import { isCarry } from './log-verdict.ts'
import { RequestTable } from './request-table.ts'
import type { RecordFinding } from './scan.ts'
import { frameOf, type LogStart, type Segment, type SegmentHeader } from './segment.ts'
import type { Txid } from '../units.ts'

/** A segment and those of its records that are part of the log. */
export interface ReplayedSegment {
  readonly header: SegmentHeader
  readonly records: readonly RecordFinding[]
}

/** The state before the first of the records. */
export type ReplayBase = Pick<LogStart, 'hash' | 'lastTxid' | 'sizeBlocks'>

/** What a segment holds after its records; nothing of it is taken to be behind a barrier. */
export function replaySegment(
  file: StoreFile,
  { header, records }: ReplayedSegment,
  base: ReplayBase & { readonly end: number },
): Segment {
  const segment: Segment = {
    file,
    header,
    frames: new Map(),
    fileBytes: file.size(),
    end: base.end,
    lastBytes: 0,
    flushedEnd: 0,
    hash: base.hash,
    lastTxid: base.lastTxid,
    sizeBlocks: base.sizeBlocks,
  }
  for (const { at, record, damaged } of records) {
    for (const entry of record.entries) {
      // A carried image is a copy: without it the block still has the one that it was copied from.
      if (isCarry(record) && damaged.length > 0) continue
      segment.frames.set(entry.blockNo, frameOf(entry, entry.imageAt))
    }
    segment.end = at + record.bytes
    segment.lastBytes = record.bytes
    segment.hash = record.hash
    segment.lastTxid = record.lastTxid
    segment.sizeBlocks = record.sizeBlocks
  }
  return segment
}

export function replayRequests(segments: readonly ReplayedSegment[]): RequestTable {
  const table = new RequestTable()
  for (const { records } of segments) for (const { record } of records) table.apply(record.requests)
  return table
}

/** All records of the log as it stands, with the files that they are in. */
export interface LoggedRecord {
  readonly segment: Segment
  readonly finding: RecordFinding
}

/** The log up to a transaction, and what follows it. */
export function splitAt(records: readonly LoggedRecord[], through: Txid) {
  const isKept = ({ finding: { record } }: LoggedRecord) => record.lastTxid <= through
  const count = records.findIndex((one) => !isKept(one))
  return count < 0 ? { before: records, after: [] } : { before: records.slice(0, count), after: records.slice(count) }
}

export const markOf = (log: CommitLog): LogStart & { readonly durableTxid: Txid } => ({
  segments: log.segments,
  hash: log.hash,
  lastTxid: log.lastTxid,
  sizeBlocks: log.sizeBlocks,
  sequence: log.sequence,
  durableTxid: log.durableTxid,
})
