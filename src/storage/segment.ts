/**
 * Log segments: a header, kept twice in two sectors, then records aligned to sectors.
 *
 *   0  16  preamble DSSEGMNT     48  8  continuesFrom: hash of the record that the first one follows
 *  16  16  storeId               56  8  txid of the first commit that may stand in it
 *  32   8  epoch              4088  8  xxh64 of bytes 0…4087
 *  40   8  sequence
 *
 * continuesFrom makes everything in older segments beyond that record void. The first record carries what the log must not lose
 * when older segments are recycled: the request table and the image of block 0.
 */
import { type BlockNo, type Epoch, epoch, type Txid, txid } from '../units.ts'
import type { BlockEntry } from './block-entry.ts'
import { bytesOfId, getHash, getU64, isZero, putHash, putU64, viewOf } from './bytes.ts'
import type { StoreFile } from './file-system.ts'
import {
  type Decoded,
  isSectorSound,
  magics,
  putPreamble,
  readPreamble,
  sealSector,
  SECTOR_BYTES,
  storeIdAt,
} from './format.ts'

/** Where the first record stands. */
export const SEGMENT_HEADER_BYTES = 2 * SECTOR_BYTES

export interface SegmentHeader {
  readonly storeId: string
  readonly epoch: Epoch
  readonly sequence: number
  readonly continuesFrom: bigint
  readonly firstTxid: Txid
}

/** Both copies. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
  const sector = bytes.subarray(0, SECTOR_BYTES)
  const view = viewOf(sector)
  putPreamble(sector, view, magics.segment)
  sector.set(bytesOfId(header.storeId), 16)
  putU64(view, 32, header.epoch)
  putU64(view, 40, header.sequence)
  putHash(view, 48, header.continuesFrom)
  putU64(view, 56, header.firstTxid)
  sealSector(sector, view)
  bytes.copyWithin(SECTOR_BYTES, 0, SECTOR_BYTES)
  return bytes
}

export function decodeSegmentHeader(sector: Uint8Array): Decoded<SegmentHeader> {
  const view = viewOf(sector)
  const preamble = readPreamble(sector, view, magics.segment)
  if (preamble.kind === 'absent') return isZero(sector) ? { kind: 'empty' } : { kind: 'foreign' }
  if (preamble.kind === 'unknown-format') return preamble
  if (preamble.kind === 'damaged' || !isSectorSound(sector, view)) return { kind: 'damaged' }
  const value: SegmentHeader = {
    storeId: storeIdAt(sector, 16),
    epoch: epoch(getU64(view, 32)),
    sequence: getU64(view, 40),
    continuesFrom: getHash(view, 48),
    firstTxid: txid(getU64(view, 56)),
  }
  return { kind: 'sound', value }
}

/** Of two copies the sound one with the greater sequence; else the copy that says most. */
export function readSegmentHeader(file: StoreFile): Decoded<SegmentHeader> {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
  file.read(bytes, 0)
  const copies = [bytes.subarray(0, SECTOR_BYTES), bytes.subarray(SECTOR_BYTES)].map(decodeSegmentHeader)
  const sound = copies.flatMap((copy) => (copy.kind === 'sound' ? [copy] : []))
  const [newest] = sound.sort((a, b) => b.value.sequence - a.value.sequence || b.value.epoch - a.value.epoch)
  const rest: readonly Decoded<SegmentHeader>['kind'][] = ['unknown-format', 'damaged', 'foreign']
  return newest ?? rest.flatMap((kind) => copies.filter((copy) => copy.kind === kind))[0] ?? { kind: 'empty' }
}

/** Where the latest image of a block within one segment lies; `imageAt` is −1 for a tombstone. */
export interface Frame extends BlockEntry {
  readonly imageAt: number
}

/** Spelled out: of a copy made by spreading, V8 keeps a hidden class for each object, and there is one per block in the log. */
export const frameOf = (entry: BlockEntry, imageAt: number): Frame => ({
  txid: entry.txid,
  version: entry.version,
  checksum: entry.checksum,
  algorithmId: entry.algorithmId,
  lastModifiedMs: entry.lastModifiedMs,
  isTombstone: entry.isTombstone,
  imageAt,
})

/** A segment of the log that is open: what is in it, and where the next record goes. */
export interface Segment {
  readonly file: StoreFile
  readonly header: SegmentHeader
  readonly frames: Map<BlockNo, Frame>
  /** Bytes that the file has, so that growth is seen before it fails. */
  fileBytes: number
  end: number
  /** Length of the last record in it. */
  lastBytes: number
  /** Everything below is behind a barrier. */
  flushedEnd: number
  /** Of the last record in it. */
  hash: bigint
  lastTxid: Txid
  sizeBlocks: number
}

export interface Located {
  readonly segment: Segment
  readonly frame: Frame
}

/** The latest image of a block, of segments in their order. */
export function locate(at: BlockNo, segments: readonly Segment[]): Located | undefined {
  for (let index = segments.length - 1; index >= 0; index--) {
    const segment = segments[index]
    const frame = segment?.frames.get(at)
    if (segment !== undefined && frame !== undefined) return { segment, frame }
  }
  return undefined
}

/** Where the log stands: the last record, and what is behind a barrier. */
export interface LogStart {
  readonly segments: readonly Segment[]
  readonly hash: bigint
  readonly lastTxid: Txid
  readonly sizeBlocks: number
  /** Of the last segment that was ever made. */
  readonly sequence: number
}
