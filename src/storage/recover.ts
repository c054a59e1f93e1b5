/**
 * Recovery, step by step: the recovery machine says which step is next, this does it. Only the lease's holder runs it.
 *
 *   begin       is there a store, is it ours? then epoch + 1, behind a barrier
 *   scan        what the log, the table and the home hold
 *   decide      recovery-plan.ts; refuses with a code, and nothing but the epoch has changed
 *   execute     every image after checkpointedTxid into the home, in order, whatever the table says; then a new segment and header
 *   reconcile   the home has whole blocks and the size of the database
 *   verify      blocks against their checksums         repair     from the log, else into quarantine
 *
 * Interrupted anywhere it is run again from the beginning; run twice it changes nothing but the epoch.
 */
import { assert } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import type { Epoch } from '../units.ts'
import type { BlockStore, DamagedBlock } from './block-store.ts'
import { BlockTable, type TableFinding } from './block-table.ts'
import { FileStore } from './file-store.ts'
import type { FileSystem } from './file-system.ts'
import { findHome } from './home-finding.ts'
import { type Begun, beginReign } from './open-files.ts'
import { executePlan } from './recovery-execution.ts'
import { logVerdict } from './log-verdict.ts'
import { decide, type Findings, type Plan } from './recovery-plan.ts'
import type { RecoveryReport } from './recovery-report.ts'
import type { StoreOptions } from './recovery-state.ts'
import { reconcileHome } from './reconcile.ts'
import { repairBlocks } from './repair.ts'
import { ReleasableFs } from './releasable-fs.ts'
import { newReport, type ReportDraft } from './report-draft.ts'
import { scanLogFile } from './scan.ts'
import type { StoreParts } from './store-parts.ts'
import { verifyStore } from './verify-store.ts'

export interface ScanSummary {
  /** Records that are the log, and bytes of the torn tail behind them. */
  readonly records: number
  readonly tornBytes: number
  /** Damage before the durable end of the log. */
  readonly isCorrupt: boolean
}

/** One recovery. Each method is called once, in this order; `verify` and `repair` may be left out. */
export interface RecoverySession {
  begin(): Promise<{ readonly epoch: Epoch; readonly found: 'created' | 'existing' }>
  scan(): Promise<ScanSummary>
  /** @throws what the plan refuses with */
  decide(): Promise<{ readonly isRollback: boolean }>
  execute(): Promise<void>
  reconcile(): Promise<void>
  verify(): Promise<{ readonly damaged: readonly DamagedBlock[] }>
  /** Blocks that could not be restored are quarantined; they read as CHECKSUM_MISMATCH until they are written again. */
  repair(): Promise<{ readonly unrepaired: readonly number[] }>
  finish(): Promise<BlockStore>
  /** What it is refused with after all that was found; undefined: nothing, or it was not looked yet. */
  readonly refusal: DatabaseError | undefined
  /** As far as the steps have come. */
  readonly report: RecoveryReport
  /**
   * Releases every file at once, after a step that failed or while one runs: that one rejects with DATABASE_CLOSED, and writes nothing
   * more. After `finish` the files are the store's.
   */
  abandon(): void
}

interface Scanned {
  readonly findings: Findings
  readonly table: TableFinding
}

export function recoverySession(fs: FileSystem, options: StoreOptions): RecoverySession {
  const held = new ReleasableFs(fs)
  const steps = new Steps(held, options)
  let isFinished = false
  return {
    begin: () => held.during(() => steps.begin()),
    scan: () => held.during(() => steps.scan()),
    decide: () => held.during(() => steps.decide()),
    execute: () => held.during(() => steps.execute()),
    reconcile: () => held.during(() => steps.reconcile()),
    verify: () => held.during(() => steps.verify()),
    repair: () => held.during(() => steps.repair()),
    async finish() {
      held.assertHeld()
      isFinished = true
      return steps.finish()
    },
    get refusal() {
      return steps.refusal
    },
    get report() {
      return steps.report
    },
    abandon() {
      if (!isFinished) held.release()
    },
  }
}

export const openFileStore = (fs: FileSystem, options: StoreOptions): Promise<OpenedStore> =>
  runSession(recoverySession(fs, options), options)

export interface OpenedStore {
  readonly store: BlockStore
  readonly report: RecoveryReport
}

/** All steps in a row. @throws what a step throws; CHECKSUM_MISMATCH when verification finds damage and onCorruption is 'fail' */
export async function runSession(
  session: RecoverySession,
  options: Pick<StoreOptions, 'verify' | 'onCorruption'>,
): Promise<OpenedStore> {
  try {
    await session.begin()
    const { isCorrupt } = await session.scan()
    await session.decide()
    await session.execute()
    await session.reconcile()
    const damaged = options.verify === 'none' ? [] : (await session.verify()).damaged
    const [first] = damaged
    if (first !== undefined && options.onCorruption === 'fail') {
      throw new DatabaseError(first.code, first.message, { details: { blockNo: first.blockNo, file: first.file } })
    }
    if (options.onCorruption === 'repair' && (isCorrupt || damaged.length > 0)) await session.repair()
    return { store: await session.finish(), report: session.report }
  } catch (error) {
    session.abandon()
    throw error
  }
}

class Steps {
  readonly #fs: FileSystem
  readonly #options: StoreOptions
  #begun: Begun | undefined
  #scanned: Scanned | undefined
  #plan: Extract<Plan, { kind: 'recover' }> | undefined
  #parts: StoreParts | undefined
  #draft: ReportDraft = newReport()

  constructor(fs: FileSystem, options: StoreOptions) {
    this.#fs = fs
    this.#options = options
  }

  get report(): RecoveryReport {
    return this.#draft
  }

  get refusal(): DatabaseError | undefined {
    if (this.#scanned === undefined) return undefined
    const plan = decide(this.#scanned.findings, this.#options)
    return plan.kind === 'refuse' ? refused(plan) : undefined
  }

  async begin() {
    assert(this.#begun === undefined, 'a recovery begins once')
    const begun = await beginReign(this.#fs, this.#options)
    this.#begun = begun
    const { found, before } = begun
    const { storeId, epoch } = begun.header.current
    Object.assign(this.#draft, {
      found,
      storeId,
      epochBefore: before.epoch,
      epochAfter: epoch,
      cleanShutdown: found === 'existing' && before.isClean,
    })
    return { epoch, found }
  }

  async scan(): Promise<ScanSummary> {
    const { files, header, fs, cutLog } = inOrder(this.#begun)
    const { current } = header
    const logs = files.logs.map((file) => scanLogFile(file, current.storeId))
    const table = BlockTable.read(files.table, current)
    const home = await findHome(fs, files.home, { header: current, table: table.table, logs })
    const { damagedPages, isHashRight } = table
    this.#scanned = { table, findings: { header: current, logs, home, table: { damagedPages, isHashRight } } }
    const verdict = logVerdict(current, logs)
    const records = verdict.accepted.reduce((sum, segment) => sum + segment.records.length, 0)
    this.#draft.durableThrough = verdict.durableThrough
    this.#draft.steps.segmentsScanned = logs.filter(({ header: { kind } }) => kind === 'sound').length
    this.#draft.steps.recordsScanned = logs.reduce((sum, log) => sum + log.records.length, 0)
    const isCorrupt = cutLog !== undefined || verdict.damage !== undefined || verdict.damagedImages.length > 0
    return { records, tornBytes: verdict.tornTail?.bytes ?? 0, isCorrupt: isCorrupt && !verdict.isHeaderStale }
  }

  async decide() {
    const plan = decide(inOrder(this.#scanned).findings, this.#options)
    if (plan.kind === 'refuse') throw refused(plan)
    this.#plan = plan
    const { tornTail, damage, discarded, lastTxid, durableThrough } = plan.log
    const { cutLog } = inOrder(this.#begun)
    const cut = cutLog && { file: cutLog.file.name, at: cutLog.bytes, fromTxid: lastTxid + 1, toTxid: durableThrough }
    Object.assign(this.#draft, { tornTail, logDamage: damage ?? cut, discardedSegments: discarded })
    return { isRollback: plan.isRollback }
  }

  async execute(): Promise<void> {
    const { table } = inOrder(this.#scanned)
    this.#parts = await executePlan(inOrder(this.#begun), { plan: inOrder(this.#plan), table }, this.#draft)
  }

  async reconcile(): Promise<void> {
    await reconcileHome(inOrder(this.#parts), this.#draft)
  }

  async verify() {
    const { verify, sampleSize, random } = this.#options
    assert(verify !== 'none', 'verification was asked for')
    const chosen = { ...(sampleSize === undefined ? {} : { sampleSize }), ...(random === undefined ? {} : { random }) }
    const { blocksChecked, damaged } = await verifyStore(
      inOrder(this.#parts),
      { mode: verify, ...chosen },
      () => undefined,
    )
    this.#draft.blocksVerified = blocksChecked
    this.#draft.damaged = damaged
    return { damaged }
  }

  async repair() {
    const unrepaired = await repairBlocks(this.#fs, inOrder(this.#parts), this.#draft)
    return { unrepaired }
  }

  finish(): BlockStore {
    return new FileStore({ ...inOrder(this.#parts), presence: this.#options.presence })
  }
}

const refused = ({ code, message, details }: Extract<Plan, { kind: 'refuse' }>) =>
  new DatabaseError(code, message, { details })

/** The result of the step before. */
function inOrder<T>(result: T | undefined): T {
  assert(result !== undefined, 'the steps of a recovery are taken in order')
  return result
}
