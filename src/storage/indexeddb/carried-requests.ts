/**
 * The outcomes of requests as of the last checkpoint, in one value:
 *
 *   0  8  xxh64 of what follows      8  …  UTF-8 JSON of the request table
 */
import { getHash, putHash, viewOf } from '../bytes.ts'
import { xxh64 } from '../checksum.ts'
import { encodeRequests, parseRequests, RequestTable } from '../request-table.ts'

const HASH_BYTES = 8

export function encodeCarried(requests: RequestTable): Uint8Array {
  const entries = encodeRequests(requests.entries())
  const bytes = new Uint8Array(HASH_BYTES + entries.length)
  bytes.set(entries, HASH_BYTES)
  putHash(viewOf(bytes), 0, xxh64(entries))
  return bytes
}

/** Undefined when the bytes are not what was written; a store without a checkpoint has none. */
export function decodeCarried(bytes: Uint8Array | undefined): RequestTable | undefined {
  const table = new RequestTable()
  if (bytes === undefined) return table
  const entries = bytes.subarray(HASH_BYTES)
  if (bytes.length < HASH_BYTES || getHash(viewOf(bytes), 0) !== xxh64(entries)) return undefined
  const parsed = parseRequests(entries)
  if (parsed === undefined) return undefined
  table.apply(parsed)
  return table
}
