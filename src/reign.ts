/**
 * One period of leading: the store, the engine and the machines of an open database, wired to each other.
 * Everything that holds a handle, a promise or a timer of an open database hangs here and ends with `close`.
 */
import { createActor } from 'xstate'
import { Acks } from './effects/acks.ts'
import { Executor } from './effects/executor.ts'
import { Flusher } from './effects/flusher.ts'
import { heard } from './effects/heard.ts'
import { Maintenance } from './effects/maintenance.ts'
import { Outcomes } from './effects/outcomes.ts'
import type { Clock, SqlEngine } from './effects/ports.ts'
import { Receipts } from './effects/receipts.ts'
import { Rebuilder } from './effects/rebuilder.ts'
import { Waker } from './effects/waker.ts'
import { DatabaseError, isDatabaseError } from './errors.ts'
import type { Durability, Gauges, Receipt } from './events.ts'
import { assertImportable, assertSound } from './import.ts'
import { limits } from './limits.ts'
import { autosyncMachine } from './machines/autosync.ts'
import { commitMachine } from './machines/commit.ts'
import { flatLogic } from './machines/flat-logic.ts'
import type { Settings } from './options.ts'
import type { BlockStore } from './storage/block-store.ts'
import type { RecoveryReport } from './storage/recovery-report.ts'
import type { View } from './storage/view.ts'
import type { Streams } from './streams/streams.ts'
import { blockNo, type Txid } from './units.ts'

export interface ReignParts {
  readonly settings: Settings
  readonly store: BlockStore
  readonly view: View
  readonly engine: SqlEngine
  /** An engine over another view, to look at a file before it is imported. */
  readonly makeEngine: (view: View) => Promise<SqlEngine>
  readonly streams: Streams
  readonly clock: Clock
  readonly recoveryReport: RecoveryReport
  /** Something can no longer be served; the database must fail with this. */
  readonly onFailed: (error: DatabaseError) => void
  /** Asks for the orderly end; resolves when everything is released. */
  readonly close: () => Promise<void>
}

export class Reign {
  readonly store: BlockStore
  readonly engine: SqlEngine
  readonly streams: Streams
  readonly clock: Clock
  readonly executor: Executor
  readonly outcomes: Outcomes
  readonly maintenance: Maintenance
  readonly durability: Durability
  readonly recoveryReport: RecoveryReport
  readonly close: () => Promise<void>
  readonly #parts: ReignParts
  readonly #view: View
  readonly #acks = new Acks()
  readonly #receipts: Receipts
  readonly #autosync
  readonly #commit
  readonly #waker: Waker
  readonly #flusher: Flusher
  readonly #rebuilder: Rebuilder
  readonly #endTransaction = new Set<(reason: DatabaseError) => void>()
  readonly #closing = new Set<() => void>()

  constructor(parts: ReignParts) {
    const { settings, store, view, engine, streams, clock, recoveryReport, close } = parts
    this.#parts = parts
    this.#view = view
    this.store = store
    this.engine = engine
    this.streams = streams
    this.clock = clock
    this.durability = settings.durability
    this.recoveryReport = recoveryReport
    this.close = close
    this.#receipts = new Receipts(() => store.epochEnds)
    this.outcomes = new Outcomes((identity) => store.outcomeOf(identity))
    const { writtenTxid, durableTxid } = store.positions
    this.#autosync = createActor(flatLogic(autosyncMachine), {
      input: { policy: settings.policy, ...settings.backpressure, sealedTxid: durableTxid },
    })
    this.#commit = createActor(flatLogic(commitMachine), { input: { epoch: store.epoch, writtenTxid, durableTxid } })
    this.#waker = new Waker(clock, (atMs) => this.#autosync.send({ type: 'woke', atMs }))
    this.maintenance = new Maintenance({
      store,
      clock,
      facts: streams,
      isBusy: () => this.#acks.count > 0 || this.executor.waitingCount > 0,
      onIdle: () => this.#shrink(),
    })
    this.executor = this.#makeExecutor()
    this.#flusher = this.#makeFlusher()
    this.#rebuilder = new Rebuilder({
      engine,
      executor: this.executor,
      flusher: this.#flusher,
      clock,
      onFailed: ({ code, message }) => streams.emit({ type: 'storage.failed', code, message, operation: 'read' }),
      onBroken: (error) => this.#broken(error),
    })
    this.#listen()
    streams.measureBy(this.#measure)
    const observer = { error: (error: unknown) => this.#broken(error) }
    this.#autosync.subscribe(observer)
    this.#commit.subscribe(observer)
    this.#autosync.start()
    this.#commit.start()
  }

  /** Position of the newest sealed transaction. */
  readonly receipt = (): Receipt => ({ epoch: this.store.epoch, txid: this.#view.sealedTxid })

  /** Registers how to end an open transaction when the view is discarded under it. */
  readonly onDiscarded = (end: (reason: DatabaseError) => void): (() => void) => register(this.#endTransaction, end)

  /** Registers what must end before the store is released. */
  onClosing(end: () => void): () => void {
    return register(this.#closing, end)
  }

  /** @throws COMMIT_LOST, OUTCOME_UNKNOWN, INVALID_OPTIONS */
  async durable(receipt: Receipt): Promise<void> {
    const verdict = this.#receipts.judge(receipt, { epoch: this.store.epoch, sealedTxid: this.#view.sealedTxid })
    if (verdict === 'lost') throw lost(receipt)
    if (verdict === 'foreign')
      throw new DatabaseError('INVALID_OPTIONS', 'this receipt was not issued by this database', {
        details: { ...receipt },
      })
    if (verdict === 'forgotten') {
      throw new DatabaseError('OUTCOME_UNKNOWN', `what epoch ${receipt.epoch} kept is no longer known`, {
        details: { ...receipt },
        outcome: 'unknown',
      })
    }
    try {
      await this.durableThrough(receipt.txid as Txid)
    } catch (error) {
      throw isDatabaseError(error, 'STORAGE_FAILED') && error.outcome === undefined ? lost(receipt, error) : error
    }
  }

  /** Resolves when everything up to `txid` is durable and the epoch is still ours. */
  async durableThrough(txid: Txid): Promise<void> {
    if (txid <= this.store.positions.durableTxid) return this.store.confirmEpoch()
    await new Promise<void>((release, reject) => {
      this.#acks.wait('strict', { txid, release, reject, deadlineAtMs: this.clock.now() + limits.requestDeadlineMs })
      this.executor.watchDeadlines()
      this.#requestFlush()
    })
  }

  /** Makes the file the database: looked at as a whole, then one commit. @throws IMPORT_INVALID */
  async replaceBy(file: Uint8Array): Promise<Receipt> {
    const { blockSize } = this.store
    assertImportable(file, blockSize)
    await assertSound(file, blockSize, this.#parts.makeEngine)
    const replace = async () => {
      this.#stage(file)
      this.#view.seal()
      // Nothing runs on the old connection meanwhile. It is not waited for: what was sealed is answered like any commit.
      this.#rebuilder.want()
    }
    const { epoch, txid } = await this.executor.exclusive(replace, {
      level: 'strict',
      isStrictRead: false,
      deadlineMs: limits.requestDeadlineMs,
    })
    this.streams.emit({ type: 'database.replaced', receipt: { epoch, txid } })
    return { epoch, txid }
  }

  /** All or nothing: half a file is never part of somebody's commit. */
  #stage(file: Uint8Array): void {
    const { blockSize } = this.store
    try {
      this.#view.truncate(0)
      for (let at = 0; at < file.length; at += blockSize)
        this.#view.write(blockNo(at / blockSize), file.subarray(at, at + blockSize))
    } catch (error) {
      this.#view.dropOverlay()
      throw error
    }
  }

  /** Refuses new requests, finishes the waiting ones and flushes. Resolves to whether nothing is left behind. */
  async drain(): Promise<{ readonly isGivenUp: boolean; readonly error: DatabaseError | undefined }> {
    this.executor.refuse(closed())
    await this.executor.idle()
    const drained = new Promise<{ isGivenUp: boolean }>((resolve) => {
      this.#autosync.on('drained', ({ isGivenUp }) => resolve({ isGivenUp }))
    })
    this.#autosync.send({ type: 'drain.requested', atMs: this.clock.now() })
    return { ...(await drained), error: this.#flusher.error }
  }

  /** Lets everything go. `isClean`: the log is folded and the home is left a plain SQLite file. */
  async release({ isClean }: { readonly isClean: boolean }): Promise<void> {
    const last = this.#measure()
    this.streams.measureBy(() => last)
    this.#rebuilder.stop()
    this.#waker.stop()
    this.executor.refuse(closed())
    for (const end of this.#closing) end()
    await this.maintenance.stop()
    if (!isClean) this.#acks.reject(this.#flusher.error ?? closed(), 0 as Txid)
    this.engine.close()
    if (isClean) await this.store.close({})
    else this.store.abandon()
    this.#autosync.stop()
    this.#commit.stop()
  }

  /** Rejects everyone who waits; nothing more is served. */
  fail(error: DatabaseError): void {
    this.#rebuilder.stop()
    this.executor.fail(error)
    for (const end of this.#endTransaction) end(error)
    this.#acks.reject(error, 0 as Txid)
  }

  readonly #measure = (): Partial<Gauges> => ({
    ...this.store.statistics,
    epoch: this.store.epoch,
    dirtyBlocks: this.#view.dirtyBlocks,
    dirtyBytes: this.#view.dirtyBytes,
    lag: this.#view.sealedTxid - this.store.positions.durableTxid,
    wasmBytes: this.engine.wasmBytes,
  })

  #makeExecutor(): Executor {
    const { settings, view, engine, store, clock, streams } = this.#parts
    return new Executor({
      engine,
      view,
      acks: this.#acks,
      clock,
      epoch: () => store.epoch,
      durableTxid: () => store.positions.durableTxid,
      confirmEpoch: () => store.confirmEpoch(),
      tellSealed: (urgency) => {
        const { sealedTxid, dirtyBlocks, dirtyBytes } = view
        this.#autosync.send({
          type: 'transactions.sealed',
          sealedTxid,
          urgency,
          dirtyBlocks,
          dirtyBytes,
          atMs: clock.now(),
        })
        streams.measuredChanged()
      },
      onPoisoned: () => this.#rebuilder.want(),
      observeError: (error) => this.#tellDamage(error),
      delayCause: () => this.#flusher.error,
      requestFlush: () => this.#requestFlush(),
      groupBytesMax: settings.policy.maxDirtyBytes > 0 ? settings.policy.maxDirtyBytes : limits.maxDirtyBytes,
      queueMax: limits.queueMax,
      turnMs: limits.turnMs,
    })
  }

  #makeFlusher(): Flusher {
    const { settings, view, store, clock, streams } = this.#parts
    const onBroken = (error: unknown) => this.#broken(error)
    return new Flusher({
      autosync: heard(this.#autosync, onBroken),
      commit: heard(this.#commit, onBroken),
      store,
      view,
      acks: this.#acks,
      outcomes: this.outcomes,
      clock,
      facts: streams,
      verifyAfterWrite: settings.verifyAfterWrite,
      waitingCount: () => this.executor.waitingCount,
      onDiscarded: (error) => {
        this.executor.discarded(error)
        for (const end of this.#endTransaction) end(error)
        this.#rebuilder.want()
      },
      onFenced: (error) => this.#parts.onFailed(error),
      onBroken,
      onCommitted: () => this.maintenance.committed(),
    })
  }

  #listen(): void {
    this.#autosync.on('wake.wanted', ({ atMs }) => this.#waker.want(atMs))
    this.#autosync.on('backpressure.changed', ({ isHigh }) => {
      this.executor.hold(isHigh)
      // Whoever is held waits for a flush, whatever the policy would wait for.
      if (isHigh) this.#requestFlush()
      this.streams.emit({ type: 'backpressure.changed', isHigh, dirtyBytes: this.#view.dirtyBytes })
    })
  }

  #requestFlush(): void {
    this.#autosync.send({ type: 'flush.requested', atMs: this.clock.now() })
  }

  /** WASM memory never shrinks: an instance that has grown is replaced when nobody needs it. */
  #shrink(): void {
    if (this.engine.wasmBytes <= limits.wasmIdleBytesMax || !this.executor.isIdle) return
    this.#rebuilder.want()
  }

  #tellDamage(error: unknown): void {
    if (!isDatabaseError(error, 'CHECKSUM_MISMATCH') && !isDatabaseError(error, 'ALGORITHM_MISMATCH')) return
    const { blockNo: at, file } = error.details
    this.streams.emit({ type: 'checksum.mismatched', blockNo: Number(at), file: String(file) })
    this.streams.measuredChanged()
  }

  #broken(error: unknown): void {
    this.#parts.onFailed(
      new DatabaseError(
        'DATABASE_FAILED',
        `the database stopped: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      ),
    )
  }
}

function register<T>(set: Set<T>, member: T): () => void {
  set.add(member)
  return () => void set.delete(member)
}

const closed = () => new DatabaseError('DATABASE_CLOSED', 'the database is closed or closing')

const lost = ({ epoch, txid }: Receipt, cause?: unknown) =>
  new DatabaseError('COMMIT_LOST', `transaction ${txid} of epoch ${epoch} was lost before it was durable`, {
    details: { epoch, txid },
    cause,
  })
