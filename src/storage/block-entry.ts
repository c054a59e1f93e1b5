/**
 * Identity of one block in 32 bytes; the same in the block table and in commit records.
 *
 *   0  8  txid of the last write or free
 *   8  8  version
 *  16  8  checksum (crc32 in the low 4)
 *  24  6  lastModifiedMs
 *  30  1  checksum algorithm: 1 xxh64, 2 crc32, 0 for a tombstone
 *  31  1  state: 0 never written, 1 live, 2 tombstone
 */
import { DatabaseError } from '../errors.ts'
import { type BlockNo, type Txid, txid } from '../units.ts'
import type { BlockInfo } from './block-store.ts'
import { getHash, getU48, getU64, putHash, putU48, putU64 } from './bytes.ts'
import { algorithmOf, checksumById } from './checksum.ts'

export const ENTRY_BYTES = 32

export interface BlockEntry {
  readonly txid: Txid
  readonly version: number
  readonly checksum: bigint
  /** As on the medium: may be one that this version does not know. */
  readonly algorithmId: number
  readonly lastModifiedMs: number
  readonly isTombstone: boolean
}

export function putEntry(view: DataView, at: number, entry: BlockEntry): void {
  putU64(view, at, entry.txid)
  putU64(view, at + 8, entry.version)
  putHash(view, at + 16, entry.checksum)
  putU48(view, at + 24, entry.lastModifiedMs)
  view.setUint8(at + 30, entry.algorithmId)
  view.setUint8(at + 31, entry.isTombstone ? 2 : 1)
}

/** Undefined: never written. A state that is none of ours reads as live with no algorithm, which no block passes. */
export function getEntry(view: DataView, at: number): BlockEntry | undefined {
  const state = view.getUint8(at + 31)
  if (state === 0) return undefined
  return {
    txid: txid(getU64(view, at)),
    version: getU64(view, at + 8),
    checksum: getHash(view, at + 16),
    algorithmId: state > 2 ? 0 : view.getUint8(at + 30),
    lastModifiedMs: getU48(view, at + 24),
    isTombstone: state === 2,
  }
}

/** What the port calls a block's identity. @throws ALGORITHM_MISMATCH */
export function blockInfoOf(blockNo: BlockNo, entry: BlockEntry): BlockInfo {
  const { algorithmId, ...rest } = entry
  const algorithm = entry.isTombstone ? 'xxh64' : algorithmOf(algorithmId)
  if (algorithm === undefined) throw unknownAlgorithm(blockNo, algorithmId, 'blocks.meta')
  return {
    txid: rest.txid,
    version: rest.version,
    checksum: rest.checksum,
    algorithm,
    lastModifiedMs: rest.lastModifiedMs,
    isTombstone: rest.isTombstone,
  }
}

/** @throws CHECKSUM_MISMATCH, ALGORITHM_MISMATCH when `bytes` are not what was written */
export function verifyBlock(blockNo: BlockNo, entry: BlockEntry, bytes: Uint8Array, file: string): void {
  const checksum = checksumById(entry.algorithmId, bytes)
  if (checksum === entry.checksum) return
  if (checksum === undefined) throw unknownAlgorithm(blockNo, entry.algorithmId, file)
  throw new DatabaseError(
    'CHECKSUM_MISMATCH',
    `block ${blockNo} in ${file}: the bytes are not those that were written`,
    {
      details: { blockNo, file, version: entry.version },
    },
  )
}

const unknownAlgorithm = (blockNo: BlockNo, algorithmId: number, file: string) =>
  new DatabaseError(
    'ALGORITHM_MISMATCH',
    `block ${blockNo} in ${file}: checksum algorithm ${algorithmId} is not known`,
    {
      details: { blockNo, file, algorithmId },
    },
  )
