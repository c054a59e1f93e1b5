/**
 * A damaged table page has lost the identity of its blocks. What the log holds is set again by the redo; for the rest only the home
 * speaks: its bytes are taken as they are, with a checksum of now and a version beyond all earlier ones. The report names the pages,
 * because rot in those blocks can no longer be told.
 */
import { blockNo } from '../units.ts'
import { ENTRIES_PER_PAGE } from './table-page.ts'
import { algorithmIds, checksumById } from './checksum.ts'
import type { ReportDraft } from './report-draft.ts'
import type { StoreParts } from './store-parts.ts'

export function rebuildTable(
  parts: StoreParts,
  { damagedPages, timeMs }: { readonly damagedPages: readonly number[]; readonly timeMs: number },
  draft: ReportDraft,
): void {
  const { table, home, header, blockSize, checksum } = parts
  const { sizeBlocks, checkpointedTxid } = header.current
  const algorithmId = algorithmIds[checksum]
  const block = new Uint8Array(blockSize)
  const pages = damagedPages.length > 0 ? damagedPages : [...Array(table.pageCount).keys()]
  for (const page of pages) {
    const end = Math.min((page + 1) * ENTRIES_PER_PAGE, sizeBlocks)
    for (let at = page * ENTRIES_PER_PAGE; at < end; at++) {
      if (!home.read(blockNo(at), block)) continue
      const known = table.get(blockNo(at))
      if (known !== undefined && (known.isTombstone || checksumById(known.algorithmId, block) === known.checksum))
        continue
      const sum = checksumById(algorithmId, block) ?? 0n
      table.set(blockNo(at), {
        txid: checkpointedTxid,
        // A block has at most one version per transaction: none of its earlier versions was this one.
        version: checkpointedTxid + 1,
        checksum: sum,
        algorithmId,
        lastModifiedMs: timeMs,
        isTombstone: false,
      })
    }
  }
  draft.tablePagesRebuilt = pages
}
