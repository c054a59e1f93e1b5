/**
 * A damaged page of the table has lost the identity of its blocks. What the log holds is set again when it is redone; for the rest only
 * the home speaks: its bytes are taken as they are, with a checksum of now and a version beyond all earlier ones.
 */
import { type BlockNo, blockNo, txid } from '../../units.ts'
import type { ChecksumAlgorithm } from '../block-store.ts'
import { algorithmIds, checksumById } from '../checksum.ts'
import type { Header } from '../header.ts'
import { ENTRIES_PER_PAGE } from '../table-page.ts'
import type { StoreFound } from './read-store.ts'

/** Returns the blocks whose entries are new. */
export function rebuildPages(
  { resident, home }: Pick<StoreFound, 'resident' | 'home'>,
  {
    header,
    timeMs,
    checksum,
  }: { readonly header: Header; readonly timeMs: number; readonly checksum: ChecksumAlgorithm },
): BlockNo[] {
  const { checkpointedTxid, sizeBlocks } = header
  const algorithmId = algorithmIds[checksum]
  const rebuilt: BlockNo[] = []
  for (const pageNo of home.damagedPages) {
    const end = Math.min((pageNo + 1) * ENTRIES_PER_PAGE, sizeBlocks)
    for (let number = pageNo * ENTRIES_PER_PAGE; number < end; number++) {
      const at = blockNo(number)
      const bytes = resident.blocks.get(at)
      if (bytes === undefined) continue
      const sum = checksumById(algorithmId, bytes) ?? 0n
      const version = checkpointedTxid + 1
      resident.table.set(at, {
        txid: txid(checkpointedTxid),
        version,
        checksum: sum,
        algorithmId,
        lastModifiedMs: timeMs,
        isTombstone: false,
      })
      rebuilt.push(at)
    }
  }
  return rebuilt
}
