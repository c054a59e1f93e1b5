/**
 * The header: two slots of 4096 bytes; the valid one with the greater headerSeq is the header. Both are written with the same
 * content, one behind a barrier and then the other, so that one damaged slot loses nothing.
 *
 *   0  16  preamble DSHEADER          72  8  sequence of the segment at which the log begins
 *  16  16  storeId                    80  8  table generation     88  8  hash of the table pages' checksums
 *  32   8  headerSeq                  96  4  table pages         100  4  size of the database in blocks
 *  40   8  epoch                     104  4  block size          108  1  flags: 1 clean, 2 plain, 4 creating
 *  48   8  checkpointedTxid          109  1  byte 18 of block 0  110  1  byte 19 of block 0
 *  56   8  chain: hash of the last folded record
 *  64   8  durableThrough            112  4  epoch ends kept, at most 64; from 128 on 16 bytes each: epoch, txid
 *                                   4088  8  xxh64 of bytes 0…4087
 */
import { type Epoch, epoch, type Txid, txid } from '../units.ts'
import type { EpochEnd } from './block-store.ts'
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

export const HEADER_FILE_BYTES = 2 * SECTOR_BYTES

export interface Header {
  readonly storeId: string
  readonly headerSeq: number
  readonly epoch: Epoch
  readonly checkpointedTxid: Txid
  /** Hash of the record that ends with checkpointedTxid: the segment `logStart` continues from it. */
  readonly chain: bigint
  readonly durableThrough: Txid
  readonly logStart: number
  readonly tableGeneration: number
  readonly tableHash: bigint
  readonly tablePages: number
  readonly sizeBlocks: number
  readonly blockSize: number
  /** The reign ended with `close`: nothing is to be redone. */
  readonly isClean: boolean
  /** Since the last clean close nothing was folded: the home is a plain SQLite file, unless its guard bytes say otherwise. */
  readonly isPlain: boolean
  /** The store is being made: nothing was ever acknowledged. */
  readonly isCreating: boolean
  /** What bytes 18 and 19 of block 0 are while the home shows 255 there. */
  readonly guarded: readonly [number, number]
  /** What earlier epochs kept, oldest first. */
  readonly epochEnds: readonly EpochEnd[]
}

const EPOCH_ENDS_AT = 128
export const EPOCH_ENDS_MAX = 64

export function encodeHeader(header: Header, into: Uint8Array): void {
  const view = viewOf(into)
  into.fill(0)
  putPreamble(into, view, magics.header)
  into.set(bytesOfId(header.storeId), 16)
  putU64(view, 32, header.headerSeq)
  putU64(view, 40, header.epoch)
  putU64(view, 48, header.checkpointedTxid)
  putHash(view, 56, header.chain)
  putU64(view, 64, header.durableThrough)
  putU64(view, 72, header.logStart)
  putU64(view, 80, header.tableGeneration)
  putHash(view, 88, header.tableHash)
  view.setUint32(96, header.tablePages, true)
  view.setUint32(100, header.sizeBlocks, true)
  view.setUint32(104, header.blockSize, true)
  view.setUint8(108, (header.isClean ? 1 : 0) | (header.isPlain ? 2 : 0) | (header.isCreating ? 4 : 0))
  view.setUint8(109, header.guarded[0])
  view.setUint8(110, header.guarded[1])
  view.setUint32(112, header.epochEnds.length, true)
  for (const [index, end] of header.epochEnds.entries()) {
    putU64(view, EPOCH_ENDS_AT + index * 16, end.epoch)
    putU64(view, EPOCH_ENDS_AT + index * 16 + 8, end.lastTxid)
  }
  sealSector(into, view)
}

export function decodeHeader(slot: Uint8Array): Decoded<Header> {
  const view = viewOf(slot)
  const preamble = readPreamble(slot, view, magics.header)
  if (preamble.kind === 'absent') return isZero(slot) ? { kind: 'empty' } : { kind: 'foreign' }
  if (preamble.kind === 'unknown-format') return preamble
  if (preamble.kind === 'damaged' || !isSectorSound(slot, view)) return { kind: 'damaged' }
  const flags = view.getUint8(108)
  const value: Header = {
    storeId: storeIdAt(slot, 16),
    headerSeq: getU64(view, 32),
    epoch: epoch(getU64(view, 40)),
    checkpointedTxid: txid(getU64(view, 48)),
    chain: getHash(view, 56),
    durableThrough: txid(getU64(view, 64)),
    logStart: getU64(view, 72),
    tableGeneration: getU64(view, 80),
    tableHash: getHash(view, 88),
    tablePages: view.getUint32(96, true),
    sizeBlocks: view.getUint32(100, true),
    blockSize: view.getUint32(104, true),
    isClean: (flags & 1) !== 0,
    isPlain: (flags & 2) !== 0,
    isCreating: (flags & 4) !== 0,
    guarded: [view.getUint8(109), view.getUint8(110)],
    epochEnds: decodeEpochEnds(view),
  }
  return { kind: 'sound', value }
}

const decodeEpochEnds = (view: DataView): EpochEnd[] =>
  Array.from({ length: Math.min(view.getUint32(112, true), EPOCH_ENDS_MAX) }, (_, index) => ({
    epoch: epoch(getU64(view, EPOCH_ENDS_AT + index * 16)),
    lastTxid: txid(getU64(view, EPOCH_ENDS_AT + index * 16 + 8)),
  }))

/** Every epoch up to `before` that has no end yet ended with `lastTxid`; the oldest are forgotten. */
export function withEpochEnds({ epochEnds }: Header, before: Epoch, lastTxid: Txid): readonly EpochEnd[] {
  const first = Math.max((epochEnds.at(-1)?.epoch ?? 0) + 1, before - EPOCH_ENDS_MAX + 1)
  const ended = Array.from({ length: Math.max(0, before - first + 1) }, (_, index) => ({
    epoch: epoch(first + index),
    lastTxid,
  }))
  return [...epochEnds, ...ended].slice(-EPOCH_ENDS_MAX)
}

export interface HeaderSlots {
  readonly slots: readonly [Decoded<Header>, Decoded<Header>]
  /** Bytes that the file has. */
  readonly bytes: number
}

export function readHeader(file: StoreFile): HeaderSlots {
  const bytes = new Uint8Array(HEADER_FILE_BYTES)
  file.read(bytes, 0)
  return {
    slots: [decodeHeader(bytes.subarray(0, SECTOR_BYTES)), decodeHeader(bytes.subarray(SECTOR_BYTES))],
    bytes: file.size(),
  }
}

/** The newer of the valid slots. */
export function newestOf({ slots }: HeaderSlots): Header | undefined {
  const valid = slots.flatMap((slot) => (slot.kind === 'sound' ? [slot.value] : []))
  return valid.sort((a, b) => b.headerSeq - a.headerSeq)[0]
}
