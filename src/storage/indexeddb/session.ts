/**
 * Recovery on this medium, step by step: the recovery machine says which step is next, this does it.
 *
 *   begin       is there a store, is it ours? then epoch + 1, in a strict transaction
 *   scan        table, log, which segments there are
 *   decide      refuses with a code, and nothing but the epoch has changed
 *   execute     the log is redone in memory; one transaction deletes what is not part of it and moves the header
 *   reconcile   segments behind the end of the database, left by a checkpoint that did not end
 *   verify      blocks against their checksums         repair     what cannot be restored is kept aside
 *
 * Of the segments only those are read that a step looks into: under the log, chosen for verification, all with `full`. The others come
 * when the store is open, see loading.ts.
 *
 * The log stays: the next checkpoint folds it, all of it. So recovery, too, costs what changed. Interrupted anywhere it is run again.
 */
import { assert } from '../../assert.ts'
import { DatabaseError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import type { BlockStore, DamagedBlock } from '../block-store.ts'
import { chooseBlocks } from '../choose-blocks.ts'
import { newMeter } from '../meter.ts'
import type { RecoverySession, ScanSummary } from '../recover.ts'
import type { RecoveryReport } from '../recovery-report.ts'
import { newReport, type ReportDraft } from '../report-draft.ts'
import { beginReign, type Begun, type ReignOptions } from './begin-reign.ts'
import type { Connection } from './connection.ts'
import { executePlan } from './execute-plan.ts'
import { IndexedDbStore } from './indexeddb-store.ts'
import { missingBlocks } from './load-home.ts'
import { type IdbLogVerdict, logVerdict } from './log-verdict.ts'
import type { Parts } from './parts.ts'
import { readStore, segmentsUnder, type StoreFound } from './read-store.ts'
import { cutHome } from './reconcile-home.ts'
import { quarantineBlocks } from './quarantine-blocks.ts'
import { refusalOf } from './refusal.ts'
import { CHUNK_BYTES, TRANSACTION_BYTES } from './schema.ts'
import { verifyRead } from './verify-blocks.ts'

export interface IndexedDbOptions extends ReignOptions {
  /** The blocks of a database are kept in memory up to this. Default 1 GiB. */
  readonly residentBytesMax?: number
  /** A longer record is written in chunks of this. */
  readonly chunkBytes?: number
  /** So many bytes of chunks share a transaction. */
  readonly transactionBytes?: number
}

export function indexedDbSession(connection: Connection, options: IndexedDbOptions): RecoverySession {
  return new Session(connection, options)
}

class Session implements RecoverySession {
  readonly #connection: Connection
  readonly #options: IndexedDbOptions
  readonly #meter = newMeter()
  readonly #draft: ReportDraft = newReport()
  #begun: Begun | undefined
  #scanned: { readonly found: StoreFound; readonly verdict: IdbLogVerdict } | undefined
  #parts: Parts | undefined

  constructor(connection: Connection, options: IndexedDbOptions) {
    this.#connection = connection
    this.#options = options
  }

  get report(): RecoveryReport {
    return this.#draft
  }

  get refusal(): DatabaseError | undefined {
    if (this.#scanned === undefined) return undefined
    const { verdict, found } = this.#scanned
    return refusalOf(verdict, found.home, this.#options)
  }

  async begin() {
    assert(this.#begun === undefined, 'a recovery begins once')
    const begun = await beginReign(this.#connection, this.#options)
    this.#begun = begun
    const { found, before, header } = begun
    Object.assign(this.#draft, {
      found,
      storeId: header.storeId,
      epochBefore: before.epoch,
      epochAfter: header.epoch,
      cleanShutdown: found === 'existing' && before.isClean,
    })
    return { epoch: header.epoch, found }
  }

  async scan(): Promise<ScanSummary> {
    const { header, reign } = inOrder(this.#begun)
    const { residentBytesMax = limits.residentBytesMax } = this.#options
    const found = await readStore(this.#connection, header, { meter: this.#meter, residentBytesMax, reign })
    const verdict = logVerdict(header, found.log)
    this.#scanned = { found, verdict }
    const { accepted, durableThrough, tornTail, damage, damagedImages } = verdict
    this.#draft.durableThrough = durableThrough
    this.#draft.steps.recordsScanned = found.log.length
    this.#draft.steps.segmentsScanned = found.home.segments.length
    const isCorrupt = damage !== undefined || damagedImages.length > 0
    return { records: accepted.length, tornBytes: tornTail?.bytes ?? 0, isCorrupt }
  }

  async decide() {
    const { verdict } = inOrder(this.#scanned)
    const { refusal } = this
    if (refusal !== undefined) throw refusal
    const { tornTail, damage } = verdict
    Object.assign(this.#draft, { tornTail, logDamage: damage })
    return { isRollback: verdict.cut.length > 0 || damage !== undefined }
  }

  async execute(): Promise<void> {
    const { header, reign } = inOrder(this.#begun)
    const { found, verdict } = inOrder(this.#scanned)
    const { checksum, checkpointBytes, checkpointStepBytes, residentBytesMax, chunkBytes, transactionBytes } =
      this.#options
    const open = {
      connection: this.#connection,
      checksum,
      meter: this.#meter,
      reign,
      limits: {
        checkpointBytes: checkpointBytes ?? limits.indexedDbCheckpointBytes,
        checkpointStepBytes: checkpointStepBytes ?? limits.checkpointStepBytes,
        residentBytesMax: residentBytesMax ?? limits.residentBytesMax,
        chunkBytes: chunkBytes ?? CHUNK_BYTES,
        transactionBytes: transactionBytes ?? TRANSACTION_BYTES,
      },
    }
    await found.loading.read(this.#neededBy(found, verdict))
    const plan = { header, found, verdict, timeMs: this.#options.timeMs ?? 0 }
    this.#parts = await executePlan(open, plan, this.#draft)
    this.#refuseHoles()
  }

  /** Segments that recovery looks into; the others may come when somebody asks for them. */
  #neededBy(found: StoreFound, verdict: IdbLogVerdict): Iterable<number> {
    const isAll = this.#options.verify === 'full' || found.home.damagedPages.length > 0
    return isAll ? found.home.segments : segmentsUnder(found, verdict)
  }

  /** A home that has lost blocks which the log does not hold either. */
  #refuseHoles(): void {
    const { state, header } = inOrder(this.#parts)
    const missing = missingBlocks(state.resident, header.sizeBlocks)
    const [first] = missing
    if (first === undefined || this.#options.onCorruption !== 'fail') return
    throw new DatabaseError('HOME_CORRUPT', `segments: ${missing.length} blocks are missing, the first is ${first}`, {
      details: { blockNo: first, blocks: missing.length },
    })
  }

  async reconcile(): Promise<void> {
    this.#draft.steps.homeBytesCut = await cutHome(inOrder(this.#parts))
  }

  async verify() {
    const { verify, sampleSize, random } = this.#options
    assert(verify !== 'none', 'verification was asked for')
    const chosen = { ...(sampleSize === undefined ? {} : { sampleSize }), ...(random === undefined ? {} : { random }) }
    const parts = inOrder(this.#parts)
    const { loading, resident } = parts.state
    const blocks = [...chooseBlocks(resident.sizeBlocks, { mode: verify, ...chosen })]
    await loading.read(blocks.map((at) => resident.blocks.slabOf(at)))
    const { blocksChecked, damaged } = verifyRead(parts, blocks)
    this.#draft.blocksVerified = blocksChecked
    this.#draft.damaged = damaged
    return { damaged }
  }

  async repair() {
    const damaged: readonly DamagedBlock[] = this.#draft.damaged
    const unrepaired = damaged.map(({ blockNo }) => blockNo)
    const kept = await quarantineBlocks(inOrder(this.#parts), damaged)
    this.#draft.quarantined = [...this.#draft.quarantined, ...kept]
    return { unrepaired }
  }

  async finish(): Promise<BlockStore> {
    const parts = inOrder(this.#parts)
    this.#scanned = undefined
    // The rest comes while the store is open. If that fails, whoever needs it is told, and has it tried again.
    parts.state.loading.all().catch(() => undefined)
    return new IndexedDbStore(parts)
  }

  abandon(): void {
    this.#scanned?.found.loading.stop()
    this.#connection.close()
  }
}

/** The result of the step before. */
function inOrder<T>(result: T | undefined): T {
  assert(result !== undefined, 'the steps of a recovery are taken in order')
  return result
}
