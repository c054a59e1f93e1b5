/**
 * One period of leading, as the database sees it: requests go in at the executor, and its end is orderly (`drain`, `release`) or not
 * (`fail`, `release`). Everything that holds a handle, a promise or a timer of an open database hangs here and ends with `release`.
 */
import { DurableWaits } from './durable.ts'
import type { Executor } from './effects/executor.ts'
import type { Maintenance } from './effects/maintenance.ts'
import type { Outcomes } from './effects/outcomes.ts'
import type { Clock, SqlEngine } from './effects/ports.ts'
import { DatabaseError, inDoubt } from './errors.ts'
import type { Durability, Receipt } from './events.ts'
import type { Gauges } from './metrics.ts'
import { replaceBy } from './replace.ts'
import type { BlockStore } from './storage/block-store.ts'
import type { RecoveryReport } from './storage/recovery-report.ts'
import type { View } from './storage/view.ts'
import type { Streams } from './streams/streams.ts'
import type { Txid } from './units.ts'
import { Wiring, type WiringParts } from './wiring.ts'

export interface ReignParts extends Omit<WiringParts, 'onDiscarded' | 'onStalled'> {
  /** An engine over another view, to look at a file before it is imported. */
  readonly makeEngine: (view: View) => Promise<SqlEngine>
  readonly recoveryReport: RecoveryReport
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
  readonly #makeEngine: ReignParts['makeEngine']
  readonly #view: View
  readonly #wiring: Wiring
  readonly #durableWaits: DurableWaits
  readonly #endTransaction = new Set<(reason: DatabaseError) => void>()
  readonly #stalled = new Set<() => void>()
  readonly #closing = new Set<() => void>()

  constructor(parts: ReignParts) {
    const { settings, store, view, engine, makeEngine, streams, clock, recoveryReport, close } = parts
    this.#makeEngine = makeEngine
    this.#view = view
    this.store = store
    this.engine = engine
    this.streams = streams
    this.clock = clock
    this.durability = settings.durability
    this.recoveryReport = recoveryReport
    this.close = close
    const wiring = new Wiring({
      ...parts,
      onDiscarded: (error) => this.#endTransactions(error),
      onStalled: () => this.#stalled.forEach((tell) => tell()),
    })
    const { executor, outcomes, maintenance, acks } = wiring
    this.#wiring = wiring
    this.executor = executor
    this.outcomes = outcomes
    this.maintenance = maintenance
    const onWaiting = () => {
      executor.watchDeadlines()
      wiring.requestFlush()
    }
    this.#durableWaits = new DurableWaits({ store, view, acks, clock, onWaiting })
    streams.measureBy(this.#measure)
    wiring.start()
  }

  /** Position of the newest sealed transaction. */
  readonly receipt = (): Receipt => ({ epoch: this.store.epoch, txid: this.#view.sealedTxid })

  /** Registers how to end an open transaction when the view is discarded under it. */
  readonly onDiscarded = (end: (reason: DatabaseError) => void): (() => void) => register(this.#endTransaction, end)

  /** A sign of life. False: this thread stood still, and it is being found out whether it still leads. */
  alive(): boolean {
    return this.#wiring.stallGuard.mayServe()
  }

  /** Somebody says that another one leads: nothing is served until the medium has said otherwise. */
  doubt(): void {
    this.#wiring.stallGuard.doubt()
  }

  /** Registers who is told that this thread stood still for longer than a lease. */
  onStalled(tell: () => void): () => void {
    return register(this.#stalled, tell)
  }

  /** Registers what must end before the store is released. */
  onClosing(end: () => void): () => void {
    return register(this.#closing, end)
  }

  /** @throws COMMIT_LOST, OUTCOME_UNKNOWN, INVALID_OPTIONS */
  durable(receipt: Receipt): Promise<void> {
    return this.#durableWaits.of(receipt)
  }

  /** Resolves when everything up to `txid` is durable and the epoch is still ours. */
  durableThrough(txid: Txid): Promise<void> {
    return this.#durableWaits.through(txid)
  }

  /** Makes the file the database. @throws IMPORT_INVALID */
  async replaceBy(file: Uint8Array): Promise<Receipt> {
    const receipt = await replaceBy(file, {
      view: this.#view,
      executor: this.executor,
      makeEngine: this.#makeEngine,
      onReplaced: () => this.#wiring.rebuilder.want(),
    })
    this.streams.emit({ type: 'database.replaced', receipt })
    return receipt
  }

  /** Refuses new requests, finishes the waiting ones and flushes. Resolves to whether nothing is left behind. */
  async drain(): Promise<{ readonly isGivenUp: boolean; readonly error: DatabaseError | undefined }> {
    const { autosync, flusher } = this.#wiring
    this.executor.refuse(closed())
    await this.executor.idle()
    const drained = new Promise<{ isGivenUp: boolean }>((resolve) => {
      autosync.on('drained', ({ isGivenUp }) => resolve({ isGivenUp }))
    })
    autosync.send({ type: 'drain.requested', atMs: this.clock.now() })
    return { ...(await drained), error: flusher.error }
  }

  /**
   * Lets everything go. `isClean`: the log is folded and the home is left a plain SQLite file. `isHandedOver`: all is durable, and the
   * log is left to the next leader, who waits already.
   */
  async release({
    isClean,
    isHandedOver = false,
  }: {
    readonly isClean: boolean
    readonly isHandedOver?: boolean
  }): Promise<void> {
    const { rebuilder, waker, acks, flusher, autosync, commit, stallGuard } = this.#wiring
    stallGuard.stop()
    const last = this.#measure()
    this.streams.measureBy(() => last)
    rebuilder.stop()
    waker.stop()
    this.executor.refuse(closed())
    for (const end of this.#closing) end()
    await this.maintenance.stop()
    if (!isClean) acks.reject(flusher.error ?? closed(), 0 as Txid)
    this.engine.close()
    if (!isClean) this.store.abandon()
    else if (isHandedOver) await this.#leaveLog()
    else await this.store.close({})
    autosync.stop()
    commit.stop()
  }

  /** As a close does, what was written is made durable and the fence is read once more. */
  async #leaveLog(): Promise<void> {
    await this.store.barrier({ mayWait: false })
    await this.store.confirmEpoch()
    this.store.abandon()
  }

  /** Rejects everyone who waits; nothing more is served. */
  fail(error: DatabaseError): void {
    const { rebuilder, acks } = this.#wiring
    rebuilder.stop()
    this.executor.fail(error)
    this.#endTransactions(error)
    // Sealed, and perhaps on the medium.
    acks.reject(inDoubt(error), 0 as Txid)
  }

  readonly #measure = (): Partial<Gauges> => ({
    ...this.store.statistics,
    epoch: this.store.epoch,
    dirtyBlocks: this.#view.dirtyBlocks,
    dirtyBytes: this.#view.dirtyBytes,
    lag: this.#view.sealedTxid - this.store.positions.durableTxid,
    wasmBytes: this.engine.wasmBytes,
  })

  #endTransactions(error: DatabaseError): void {
    for (const end of this.#endTransaction) end(error)
  }
}

function register<T>(set: Set<T>, member: T): () => void {
  set.add(member)
  return () => void set.delete(member)
}

/** Nothing more is taken on. */
export const closed = () => new DatabaseError('DATABASE_CLOSED', 'the database is closed or closing')
