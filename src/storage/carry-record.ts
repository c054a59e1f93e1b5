/** The first record of every segment: no commit, but what the log must not lose when older segments are recycled. */
import { type BlockNo, blockNo, nextTxid, type Txid } from '../units.ts'
import type { BlockEntry } from './block-entry.ts'
import type { RecordBody } from './record.ts'

/** What a segment's first record keeps alive when older segments are recycled. */
export interface Carried {
  readonly requests: Uint8Array
  readonly block0: { readonly entry: BlockEntry; readonly image: Uint8Array } | undefined
  readonly timeMs: number
}

/** Its txids are the empty range behind the last commit. */
export function carryBody(
  { requests, block0, timeMs }: Carried,
  at: { readonly lastTxid: Txid; readonly sizeBlocks: number },
): RecordBody {
  const blockNos: BlockNo[] = block0 === undefined ? [] : [blockNo(0)]
  const entries = block0 === undefined ? [] : [block0.entry]
  const images = block0 === undefined ? [] : [block0.image]
  return { ...at, firstTxid: nextTxid(at.lastTxid), timeMs, blockNos, entries, images, requests }
}
