/** Executes a recovery: the log redone in memory, and one strict transaction that leaves of the log what counts. */
import { blockNo, epoch, nextTxid } from '../../units.ts'
import { type Header, withEpochEnds } from '../header.ts'
import type { QuarantinedBytes } from '../recovery-report.ts'
import type { ReportDraft } from '../report-draft.ts'
import { ENTRIES_PER_PAGE } from '../table-page.ts'
import { pageBytesOf } from './begin-reign.ts'
import { fencedWrite } from './fenced-write.ts'
import type { IdbLogVerdict } from './log-verdict.ts'
import type { Parts } from './parts.ts'
import { quarantineKeyOf } from './quarantine-blocks.ts'
import { rebuildPages } from './rebuild-pages.ts'
import { replay, type StoreFound } from './read-store.ts'
import { headerKeys } from './schema.ts'

export interface IdbPlan {
  readonly header: Header
  readonly found: StoreFound
  readonly verdict: IdbLogVerdict
  readonly timeMs: number
}

export async function executePlan(
  open: Pick<Parts, 'connection' | 'checksum' | 'meter' | 'limits' | 'reign'>,
  { header: begun, found, verdict, timeMs }: IdbPlan,
  draft: ReportDraft,
): Promise<Parts> {
  const rebuilt = rebuildPages(found, { header: begun, timeMs, checksum: open.checksum })
  const state = replay(begun, found, verdict)
  for (const at of rebuilt) state.unfolded.add(at)
  // A page that was damaged is written again, whether or not it holds a block.
  for (const page of found.home.damagedPages) state.unfolded.add(blockNo(page * ENTRIES_PER_PAGE))
  const header: Header = {
    ...begun,
    headerSeq: begun.headerSeq + 1,
    durableThrough: verdict.lastTxid,
    epochEnds: withEpochEnds(begun, epoch(begun.epoch - 1), verdict.lastTxid),
  }
  const parts: Parts = { ...open, header, headerTried: undefined, epochTried: begun.epoch, state }
  draft.quarantined = [...draft.quarantined, ...(await settleLog(parts, found, verdict))]
  draft.tablePagesRebuilt = found.home.damagedPages
  tellReplayed(draft, verdict, state.resident.sizeBlocks, found)
  return parts
}

/** Chunks that no marker claims, and values behind the end, are deleted; damage is kept aside first. */
async function settleLog(parts: Parts, found: StoreFound, verdict: IdbLogVerdict): Promise<QuarantinedBytes[]> {
  const { connection, header, meter } = parts
  const claimed = new Set(
    verdict.accepted.filter(({ chunks }) => chunks > 0).map(({ epoch, firstTxid }) => `${epoch}/${firstTxid}`),
  )
  const strays = found.keys.chunks.filter(([epoch, firstTxid]) => !claimed.has(`${epoch}/${firstTxid}`))
  const damaged = verdict.damage === undefined ? [] : found.log.filter(({ key }) => verdict.cut.includes(key))
  const kept: QuarantinedBytes[] = []
  await fencedWrite(connection, {
    stores: ['log'],
    durability: 'strict',
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue(tx) {
      const [log, stored] = [tx.objectStore('log'), tx.objectStore('header')]
      for (const [index, { source, key }] of damaged.entries()) {
        const bytes = new Uint8Array(source.size())
        source.read(bytes, 0)
        const at = quarantineKeyOf(header.epoch, index)
        stored.put(bytes, at)
        kept.push({ file: `header/${at}`, from: 'log', at: key, bytes: bytes.length })
      }
      for (const key of verdict.cut) log.delete(key)
      for (const key of strays) log.delete(key)
      stored.put(pageBytesOf(header), headerKeys.page)
      stored.put(verdict.lastTxid, headerKeys.marker)
    },
  })
  meter.barriers++
  return kept
}

function tellReplayed(
  draft: ReportDraft,
  { accepted, lastTxid }: IdbLogVerdict,
  sizeBlocks: number,
  { log }: StoreFound,
): void {
  draft.recordsReplayed = accepted.length
  draft.transactionsReplayed = accepted.reduce((sum, record) => sum + nextTxid(record.lastTxid) - record.firstTxid, 0)
  draft.bytesReplayed = accepted.reduce((sum, { bytes }) => sum + bytes, 0)
  draft.discardedSegments = log.slice(accepted.length).map(({ key }) => `log/${key}`)
  draft.recoveredTxid = lastTxid
  draft.sizeBlocks = sizeBlocks
}
