/** Reads what the log's files hold, as data. Judges nothing: that is recovery-plan.ts. */
import { type Txid, txid } from '../units.ts'
import type { StoreFile } from './file-system.ts'
import { type Decoded, hasMagic, magics, SECTOR_BYTES } from './format.ts'
import { type CommitRecord, type DamagedImage, decodeClaim, decodeRecord, type RecordClaim } from './record-decoder.ts'
import { readSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from './segment.ts'

export interface RecordFinding {
  readonly at: number
  readonly record: CommitRecord
  readonly damaged: readonly DamagedImage[]
}

/** A sound record header that is not part of its segment's chain. */
export interface ClaimFinding {
  readonly at: number
  readonly claim: RecordClaim
}

export interface LogFileFinding {
  readonly file: string
  readonly fileBytes: number
  readonly header: Decoded<SegmentHeader>
  /** Records that chain from the segment's header, in order. */
  readonly records: readonly RecordFinding[]
  /** Behind the last of them. */
  readonly end: number
  /** What stands there. */
  readonly stop: 'empty' | 'damaged' | 'stale' | 'foreign' | 'unknown-format'
  /** Sound record headers of this store from there to the end of the file. */
  readonly beyond: readonly ClaimFinding[]
  /** Block 0 as the segment's first record carries it. */
  readonly block0: Uint8Array | undefined
}

const PIECE_BYTES = 1024 * 1024
const CLAIM_BYTES = 128

export function scanLogFile(file: StoreFile, storeId: string): LogFileFinding {
  const header = readSegmentHeader(file)
  const fileBytes = file.size()
  const isOurs = header.kind === 'sound' && header.value.storeId === storeId
  const chained = isOurs
    ? scanChain(file, header.value)
    : { records: [], end: SEGMENT_HEADER_BYTES, stop: 'empty' as const }
  return {
    file: file.name,
    fileBytes,
    header: header.kind === 'sound' && !isOurs ? { kind: 'foreign' } : header,
    ...chained,
    beyond: scanClaims(file, chained.end, storeId),
    block0: carriedBlock0(file, chained.records[0]),
  }
}

function carriedBlock0(file: StoreFile, first: RecordFinding | undefined): Uint8Array | undefined {
  const entry = first?.record.entries[0]
  if (first === undefined || entry?.blockNo !== 0 || entry.isTombstone || first.damaged.length > 0) return undefined
  const image = new Uint8Array(first.record.blockSize)
  file.read(image, entry.imageAt)
  return image
}

/** Follows the chain until a record is missing, damaged, or of another series. */
export function scanChain(file: StoreFile, header: SegmentHeader): Pick<LogFileFinding, 'records' | 'end' | 'stop'> {
  const records: RecordFinding[] = []
  let prev = header.continuesFrom
  let nextTxid: Txid = header.firstTxid
  let at = SEGMENT_HEADER_BYTES
  for (;;) {
    const decoded = decodeRecord(file, at, header.storeId)
    if (decoded.kind !== 'whole') return { records, end: at, stop: decoded.kind }
    const { record, damaged } = decoded
    const isNext = record.prev === prev && record.epoch === header.epoch && record.firstTxid === nextTxid
    if (!isNext) return { records, end: at, stop: 'stale' }
    records.push({ at, record, damaged })
    prev = record.hash
    nextTxid = txid(record.lastTxid + 1)
    at += record.bytes
  }
}

function scanClaims(file: StoreFile, from: number, storeId: string): ClaimFinding[] {
  const found: ClaimFinding[] = []
  const size = file.size()
  const piece = new Uint8Array(Math.max(0, Math.min(PIECE_BYTES, size - from)))
  for (let base = from; base < size; base += PIECE_BYTES) {
    const count = file.read(piece, base)
    for (let at = 0; at + CLAIM_BYTES <= count; at += SECTOR_BYTES) {
      // Most sectors are no record's, and there are thousands of them.
      if (!hasMagic(piece, at, magics.record)) continue
      const decoded = decodeClaim(piece.subarray(at, at + CLAIM_BYTES), storeId)
      if (decoded.kind === 'claim') found.push({ at: base + at, claim: decoded.claim })
    }
  }
  return found
}
