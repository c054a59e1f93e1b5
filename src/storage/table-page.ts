/**
 * One page of the block table: 4096 bytes, 126 entries.
 *
 *   0  16  preamble DSTABLEP     48  4  page number   52  4  0
 *  16  16  storeId               56  8  xxh64 of the page with these 8 bytes zero
 *  32   8  generation            64  32 each: block entries
 *  40   8  0
 */
import type { BlockNo } from '../units.ts'
import { ENTRY_BYTES } from './block-entry.ts'
import { bytesOfId, getHash, getU64, putHash, putU64, viewOf } from './bytes.ts'
import { xxh64 } from './checksum.ts'
import { magics, putPreamble, readPreamble, SECTOR_BYTES, storeIdAt } from './format.ts'

const PAGE_HEADER_BYTES = 64
const CHECKSUM_AT = 56
export const ENTRIES_PER_PAGE = (SECTOR_BYTES - PAGE_HEADER_BYTES) / ENTRY_BYTES

/** Offset of a block's entry in its page. */
export const entryAtOf = (at: BlockNo): number => PAGE_HEADER_BYTES + (at % ENTRIES_PER_PAGE) * ENTRY_BYTES

/** Fills in the page's header and returns its checksum. */
export function sealPage(
  { bytes, view }: { readonly bytes: Uint8Array; readonly view: DataView },
  { storeId, pageNo, generation }: { readonly storeId: string; readonly pageNo: number; readonly generation: number },
): bigint {
  putPreamble(bytes, view, magics.table)
  bytes.set(bytesOfId(storeId), 16)
  putU64(view, 32, generation)
  putU64(view, 40, 0)
  view.setUint32(48, pageNo, true)
  putHash(view, CHECKSUM_AT, 0n)
  const checksum = xxh64(bytes)
  putHash(view, CHECKSUM_AT, checksum)
  return checksum
}

/** Undefined when the bytes are not this page of this store. */
export function decodePage(bytes: Uint8Array, pageNo: number, storeId: string) {
  const view = viewOf(bytes)
  if (bytes.length !== SECTOR_BYTES || readPreamble(bytes, view, magics.table).kind !== 'ours') return undefined
  if (storeIdAt(bytes, 16) !== storeId) return undefined
  const checksum = getHash(view, CHECKSUM_AT)
  putHash(view, CHECKSUM_AT, 0n)
  const isSound = xxh64(bytes) === checksum && view.getUint32(48, true) === pageNo
  putHash(view, CHECKSUM_AT, checksum)
  return isSound ? { bytes, checksum, generation: getU64(view, 32) } : undefined
}
