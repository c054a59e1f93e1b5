/**
 * Decodes commit records by the rule of record.ts. Brokenness shows as an outcome, never as an exception: nothing there, damaged, another
 * store's, a newer version's, or whole with images that are not.
 */
import { blockNo, type BlockNo, epoch, txid } from '../units.ts'
import { type BlockEntry, getEntry } from './block-entry.ts'
import { getHash, getU64, isZero, viewOf } from './bytes.ts'
import { checksumById, xxh64 } from './checksum.ts'
import { hasMagic, magics, readPreamble, storeIdAt } from './format.ts'
import {
  CHUNK_BYTES,
  HEADER_BYTES,
  HEADER_HASH_AT,
  RECORD_ENTRY_BYTES,
  recordBytesOf,
  type RecordHeader,
  TRAILER_BYTES,
} from './record.ts'
import { parseRequests, type RequestEntry } from './request-table.ts'

/** Bytes that records are decoded from; a StoreFile is one. */
export interface ByteSource {
  size(): number
  read(into: Uint8Array, at: number): number
}

export interface RecordEntry extends BlockEntry {
  readonly blockNo: BlockNo
  /** Offset of the image in the source; −1 for a tombstone. */
  readonly imageAt: number
}

export interface DamagedImage {
  readonly blockNo: BlockNo
  readonly imageAt: number
  readonly code: 'CHECKSUM_MISMATCH' | 'ALGORITHM_MISMATCH'
}

export interface CommitRecord extends RecordHeader {
  readonly storeId: string
  readonly blockSize: number
  readonly bytes: number
  readonly hash: bigint
  readonly entries: readonly RecordEntry[]
  readonly requests: readonly RequestEntry[]
}

export type DecodedRecord =
  /** Whole: header, entries, requests and trailer are what was written. `damaged` names the images that are not. */
  | { readonly kind: 'whole'; readonly record: CommitRecord; readonly damaged: readonly DamagedImage[] }
  /** Nothing of a record stands here. */
  | { readonly kind: 'empty' }
  /** A record of another store. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unknown-format'; readonly version: number }
  /** A record begins here and is not as it was written. `claim`: its header is sound and says what was to follow. */
  | { readonly kind: 'damaged'; readonly claim: RecordClaim | undefined }

/** A sound header: what a record says of itself, whatever became of the rest of it. */
export interface RecordClaim extends RecordHeader {
  readonly storeId: string
  readonly blockSize: number
  readonly entryCount: number
  readonly imageCount: number
  readonly requestBytes: number
  readonly bytes: number
}

export type DecodedClaim =
  Exclude<DecodedRecord, { kind: 'whole' }> | { readonly kind: 'claim'; readonly claim: RecordClaim }

/** Reads no more than a header. */
export function decodeClaim(bytes: Uint8Array, storeId: string): DecodedClaim {
  const view = viewOf(bytes)
  const preamble = readPreamble(bytes, view, magics.record)
  if (preamble.kind === 'absent') return { kind: 'empty' }
  if (preamble.kind === 'unknown-format') return preamble
  if (preamble.kind === 'damaged' || bytes.length < HEADER_BYTES) return { kind: 'damaged', claim: undefined }
  if (getHash(view, HEADER_HASH_AT) !== xxh64(bytes.subarray(0, HEADER_HASH_AT)))
    return { kind: 'damaged', claim: undefined }
  const claim: RecordClaim = {
    storeId: storeIdAt(bytes, 16),
    epoch: epoch(getU64(view, 32)),
    firstTxid: txid(getU64(view, 40)),
    lastTxid: txid(getU64(view, 48)),
    durableThrough: txid(getU64(view, 56)),
    timeMs: getU64(view, 64),
    prev: getHash(view, 72),
    blockSize: view.getUint32(80, true),
    sizeBlocks: view.getUint32(84, true),
    entryCount: view.getUint32(88, true),
    imageCount: view.getUint32(92, true),
    requestBytes: view.getUint32(96, true),
    bytes: getU64(view, 104),
  }
  return claim.storeId === storeId ? { kind: 'claim', claim } : { kind: 'foreign' }
}

/** Decodes the record that begins at `at`, images verified piece by piece. Never throws for what the bytes are. */
export function decodeRecord(source: ByteSource, at: number, storeId: string): DecodedRecord {
  const head = readAt(source, at, HEADER_BYTES)
  const decoded = decodeClaim(head, storeId)
  if (decoded.kind !== 'claim') return decoded
  const { claim } = decoded
  const damaged: DecodedRecord = { kind: 'damaged', claim }
  const expected = recordBytesOf(claim.entryCount, claim.imageCount, claim.requestBytes, claim.blockSize)
  if (claim.bytes !== expected || at + claim.bytes > source.size()) return damaged
  const meta = readAt(source, at, HEADER_BYTES + claim.entryCount * RECORD_ENTRY_BYTES + claim.requestBytes)
  const hash = xxh64(meta)
  const imagesEnd = meta.length + claim.imageCount * claim.blockSize
  const tail = readAt(source, at + imagesEnd, claim.bytes - imagesEnd)
  if (!isTail(tail, claim.bytes, hash)) return damaged
  const entries = decodeEntries(meta, claim, at + meta.length)
  const requests = parseRequests(meta.subarray(meta.length - claim.requestBytes))
  if (entries === undefined || requests === undefined) return damaged
  const record: CommitRecord = { ...headerOf(claim), bytes: claim.bytes, hash, entries, requests }
  return { kind: 'whole', record, damaged: verifyImages(source, record) }
}

const headerOf = ({ entryCount: _e, imageCount: _i, requestBytes: _r, ...header }: RecordClaim) => header

/** Fewer bytes than asked for read as zeros: the end of the file. */
function readAt(source: ByteSource, at: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count)
  source.read(bytes, at)
  return bytes
}

function isTail(tail: Uint8Array, bytes: number, hash: bigint): boolean {
  const at = tail.length - TRAILER_BYTES
  const view = viewOf(tail)
  if (!hasMagic(tail, at, magics.trailer)) return false
  if (getU64(view, at + 8) !== bytes || getHash(view, at + 24) !== hash) return false
  return isZero(tail.subarray(0, at)) && getHash(view, at + 16) === 0n
}

function decodeEntries(meta: Uint8Array, claim: RecordClaim, imagesAt: number): RecordEntry[] | undefined {
  const view = viewOf(meta)
  const entries: RecordEntry[] = []
  for (let index = 0; index < claim.entryCount; index++) {
    const at = HEADER_BYTES + index * RECORD_ENTRY_BYTES
    const entry = getEntry(view, at + 8)
    if (entry === undefined || entry.isTombstone !== index >= claim.imageCount) return undefined
    const imageAt = entry.isTombstone ? -1 : imagesAt + index * claim.blockSize
    entries.push({ blockNo: blockNo(view.getUint32(at, true)), ...entry, imageAt })
  }
  return entries
}

function verifyImages(source: ByteSource, { entries, blockSize }: CommitRecord): DamagedImage[] {
  const damaged: DamagedImage[] = []
  const perPiece = Math.max(1, Math.floor(CHUNK_BYTES / blockSize))
  const live = entries.filter((entry) => !entry.isTombstone)
  for (let first = 0; first < live.length; first += perPiece) {
    const piece = live.slice(first, first + perPiece)
    const bytes = readAt(source, piece[0]?.imageAt ?? 0, piece.length * blockSize)
    piece.forEach(({ blockNo, imageAt, algorithmId, checksum }, index) => {
      const actual = checksumById(algorithmId, bytes.subarray(index * blockSize, (index + 1) * blockSize))
      if (actual === checksum) return
      damaged.push({ blockNo, imageAt, code: actual === undefined ? 'ALGORITHM_MISMATCH' : 'CHECKSUM_MISMATCH' })
    })
  }
  return damaged
}
