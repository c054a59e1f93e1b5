/** What the first record of every segment carries, taken from the store as it is now. */
import { isDatabaseError } from '../errors.ts'
import { blockNo } from '../units.ts'
import type { Carried } from './carry-record.ts'
import { encodeRequests } from './request-table.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * The request table, and block 0: its guard bytes are written in place, so its image must be in the log while they change. A block 0
 * that cannot be read is left out: it was damaged before.
 */
export function carriedBy({
  requests,
  reader,
  blockSize,
  log,
}: Pick<StoreParts, 'requests' | 'reader' | 'blockSize' | 'log'>): Carried {
  const entry = reader.entryOf(blockNo(0))
  const carried = {
    requests: encodeRequests(requests.entries()),
    timeMs: entry?.lastModifiedMs ?? 0,
    block0: undefined,
  }
  if (entry === undefined || entry.isTombstone || log.sizeBlocks === 0) return carried
  const image = new Uint8Array(blockSize)
  try {
    reader.read(blockNo(0), image)
  } catch (error) {
    if (!isDatabaseError(error) || error.code === 'STORAGE_FAILED') throw error
    return carried
  }
  return { ...carried, block0: { entry, image } }
}
