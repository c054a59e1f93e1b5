/** Executes a recovery plan: the log's images into the home, then a new segment, then the header that begins there. */
import { epoch, nextTxid } from '../units.ts'
import { adoptHome } from './adopt-home.ts'
import type { TableFinding } from './block-table.ts'
import { carriedBy } from './carried.ts'
import { foldSegments } from './checkpointer.ts'
import { type Header, withEpochEnds } from './header.ts'
import type { Begun } from './open-files.ts'
import { quarantine } from './quarantine.ts'
import { isCarry, type LogVerdict } from './log-verdict.ts'
import type { Plan } from './recovery-plan.ts'
import { assembleParts } from './recovery-state.ts'
import { rebuildTable } from './rebuild-table.ts'
import type { ReportDraft } from './report-draft.ts'
import type { StoreParts } from './store-parts.ts'

const foldOptions = { stillOurs: () => undefined, skipsDamaged: true }

export async function executePlan(
  begun: Begun,
  { plan, table }: { readonly plan: Extract<Plan, { kind: 'recover' }>; readonly table: TableFinding },
  draft: ReportDraft,
): Promise<StoreParts> {
  await quarantineLog(begun, plan.log, draft)
  const parts = assembleParts(begun, table.table, plan.log)
  const { log, header } = parts
  if (plan.rebuildsTable) rebuildTable(parts, { damagedPages: table.damagedPages, timeMs: begun.timeMs }, draft)
  // What was found may be in the system's memory only: it is durable before the home is changed after it.
  await log.barrier({ mayWait: true })
  while (log.spares.length === 0) await fold(parts, 1, draft)
  if (plan.adoptsHome) adoptHome(parts, { timeMs: begun.timeMs }, draft)
  header.assertCopied()
  log.startSegment(header.current.epoch, carriedBy(parts))
  await log.barrier({ mayWait: true })
  const epochEnds = withEpochEnds(header.current, epoch(header.current.epoch - 1), log.lastTxid)
  await fold(parts, log.segments.length - 1, draft, { epochEnds })
  tellReplayed(draft, plan.log, parts)
  return parts
}

async function fold(parts: StoreParts, count: number, draft: ReportDraft, header: Partial<Header> = {}): Promise<void> {
  const folded = await foldSegments(parts, parts.log.segments.slice(0, count), { ...foldOptions, header })
  const { blocks, tablePages } = folded
  draft.steps.blocksWritten += blocks
  draft.steps.tablePagesWritten += tablePages
}

/** From the damage to the end of what was meant to follow it in its file. */
async function quarantineLog({ fs, files }: Begun, { damage }: LogVerdict, draft: ReportDraft): Promise<void> {
  const from = files.logs.find(({ name }) => name === damage?.file)
  if (damage === undefined || from === undefined) return
  const bytes = Math.max(0, from.size() - damage.at)
  draft.quarantined = [...draft.quarantined, await quarantine(fs, { from, at: damage.at, bytes })]
}

function tellReplayed(draft: ReportDraft, { accepted }: LogVerdict, { log }: StoreParts): void {
  const records = accepted
    .flatMap((segment) => segment.records.map(({ record }) => record))
    .filter((record) => !isCarry(record))
  draft.recordsReplayed = records.length
  draft.transactionsReplayed = records.reduce((sum, { firstTxid, lastTxid }) => sum + nextTxid(lastTxid) - firstTxid, 0)
  draft.bytesReplayed = records.reduce((sum, { bytes }) => sum + bytes, 0)
  draft.recoveredTxid = log.lastTxid
  draft.sizeBlocks = log.sizeBlocks
}
