/**
 * Takes over a home that another SQLite has changed while it was closed: each block that differs gets the next version, as if one
 * transaction had written it. Only the table changes, and it counts from the header that names it: cut short, it is done again.
 */
import { nextTxid, blockNo } from '../units.ts'
import { algorithmIds, checksumById } from './checksum.ts'
import type { ReportDraft } from './report-draft.ts'
import type { StoreParts } from './store-parts.ts'

export function adoptHome(parts: StoreParts, { timeMs }: { readonly timeMs: number }, draft: ReportDraft): void {
  const { home, log, table, blockSize, checksum, cache } = parts
  const sizeBlocksBefore = log.sizeBlocks
  const sizeBlocksAfter = Math.floor(home.bytes / blockSize)
  const adopted = nextTxid(log.lastTxid)
  const algorithmId = algorithmIds[checksum]
  const block = new Uint8Array(blockSize)
  const lastModifiedMs = timeMs
  let blocksChanged = 0
  home.adoptGuarded()
  for (let at = 0; at < sizeBlocksAfter; at++) {
    home.read(blockNo(at), block)
    const before = table.get(blockNo(at))
    if (before?.isTombstone === false && checksumById(before.algorithmId, block) === before.checksum) continue
    const sum = checksumById(algorithmId, block) ?? 0n
    const version = (before?.version ?? 0) + 1
    table.set(blockNo(at), { txid: adopted, version, checksum: sum, algorithmId, lastModifiedMs, isTombstone: false })
    blocksChanged++
  }
  for (let at = sizeBlocksAfter; at < sizeBlocksBefore; at++) {
    const before = table.get(blockNo(at))
    if (before?.isTombstone !== false) continue
    table.set(blockNo(at), {
      ...before,
      txid: adopted,
      checksum: 0n,
      algorithmId: 0,
      lastModifiedMs,
      isTombstone: true,
    })
    blocksChanged++
  }
  cache.clear()
  log.adopt({ lastTxid: adopted, sizeBlocks: sizeBlocksAfter })
  draft.homeAdopted = { blocksChanged, sizeBlocksBefore, sizeBlocksAfter }
}
