/**
 * What works while a database leads, connected: who asks whom, and who hears what. Nothing here decides or waits.
 *
 *   executor ── what was sealed ──▶ autosync ── flush.wanted ──▶ flusher ◀─ each step of a group ─▶ commit
 *   executor ◀─ hold: backpressure ─ autosync ◀─ wake.wanted, woke ─▶ waker
 *   executor ◀─ pause ─ rebuilder ◀─ the instance is poisoned, the view was discarded ─ executor, flusher
 */
import { createActor } from 'xstate'
import { Acks } from './effects/acks.ts'
import { Executor } from './effects/executor.ts'
import { Flusher } from './effects/flusher.ts'
import { heard } from './effects/heard.ts'
import { Maintenance } from './effects/maintenance.ts'
import { Outcomes } from './effects/outcomes.ts'
import type { Clock, SqlEngine } from './effects/ports.ts'
import { Rebuilder } from './effects/rebuilder.ts'
import { StallGuard } from './effects/stall-guard.ts'
import { Waker } from './effects/waker.ts'
import { asDatabaseError, type DatabaseError, isDatabaseError } from './errors.ts'
import { limits } from './limits.ts'
import { autosyncMachine } from './machines/autosync.ts'
import { commitMachine } from './machines/commit.ts'
import { flatLogic } from './machines/flat-logic.ts'
import type { Settings } from './options.ts'
import type { BlockStore } from './storage/block-store.ts'
import type { View } from './storage/view.ts'
import type { Streams } from './streams/streams.ts'
import { tellDamage } from './streams/tell-damage.ts'

export interface WiringParts {
  readonly settings: Settings
  readonly store: BlockStore
  readonly view: View
  readonly engine: SqlEngine
  readonly streams: Streams
  readonly clock: Clock
  /** Since when the lock is held. */
  readonly heldSinceMs: number
  /** Something can no longer be served; the database must fail with this. */
  readonly onFailed: (error: DatabaseError) => void
  /** What was sealed and not written is gone: an open transaction ends with it. */
  readonly onDiscarded: (error: DatabaseError) => void
  /** This thread stood still for longer than a lease. */
  readonly onStalled: () => void
}

/** Made once for a reign. The machines do nothing until `start`. */
export class Wiring {
  readonly acks = new Acks()
  readonly outcomes: Outcomes
  readonly autosync
  readonly commit
  readonly waker: Waker
  readonly maintenance: Maintenance
  readonly executor: Executor
  readonly flusher: Flusher
  readonly rebuilder: Rebuilder
  readonly stallGuard: StallGuard
  readonly #parts: WiringParts

  constructor(parts: WiringParts) {
    const { settings, store, engine, streams, clock } = parts
    this.#parts = parts
    this.outcomes = new Outcomes((identity) => store.outcomeOf(identity))
    const { writtenTxid, durableTxid } = store.positions
    this.autosync = createActor(flatLogic(autosyncMachine), {
      input: { policy: settings.policy, ...settings.backpressure, sealedTxid: durableTxid },
    })
    this.commit = createActor(flatLogic(commitMachine), { input: { epoch: store.epoch, writtenTxid, durableTxid } })
    this.waker = new Waker(clock, (atMs) => this.autosync.send({ type: 'woke', atMs }))
    this.maintenance = new Maintenance({
      store,
      clock,
      facts: streams,
      isBusy: () => this.acks.count > 0 || this.executor.waitingCount > 0,
      onIdle: () => this.#shrink(),
    })
    this.stallGuard = new StallGuard({
      clock,
      leaseMs: limits.leaseMs,
      aliveAtMs: parts.heldSinceMs,
      confirmEpoch: () => store.confirmEpoch(),
      onStalled: parts.onStalled,
      onConfirmed: () => this.executor.schedule(),
      onLost: (error) => this.#broken(error),
    })
    this.executor = this.#makeExecutor()
    this.flusher = this.#makeFlusher()
    this.rebuilder = new Rebuilder({
      engine,
      executor: this.executor,
      flusher: this.flusher,
      clock,
      awaited: () => store.awaited,
      onFailed: ({ code, message }) => streams.emit({ type: 'storage.failed', code, message, operation: 'read' }),
      onBroken: (error) => this.#broken(error),
    })
    this.#listen()
  }

  start(): void {
    const observer = { error: (error: unknown) => this.#broken(error) }
    this.autosync.subscribe(observer)
    this.commit.subscribe(observer)
    this.autosync.start()
    this.commit.start()
  }

  requestFlush(): void {
    this.autosync.send({ type: 'flush.requested', atMs: this.#parts.clock.now() })
  }

  #makeExecutor(): Executor {
    const { settings, view, engine, store, clock, streams } = this.#parts
    return new Executor({
      engine,
      view,
      acks: this.acks,
      clock,
      epoch: () => store.epoch,
      durableTxid: () => store.positions.durableTxid,
      confirmEpoch: () => store.confirmEpoch(),
      tellSealed: (urgency) => {
        const { sealedTxid, dirtyBlocks, dirtyBytes } = view
        this.autosync.send({
          type: 'transactions.sealed',
          sealedTxid,
          urgency,
          dirtyBlocks,
          dirtyBytes,
          atMs: clock.now(),
        })
        streams.measuredChanged()
      },
      onPoisoned: () => this.rebuilder.want(),
      observeError: (error) => this.#observe(error),
      awaited: () => store.awaited,
      onBroken: (error) => this.#broken(error),
      delayCause: () => this.flusher.error,
      requestFlush: () => this.requestFlush(),
      groupBytesMax: settings.policy.maxDirtyBytes > 0 ? settings.policy.maxDirtyBytes : limits.maxDirtyBytes,
      queueMax: limits.queueMax,
      turnMs: limits.turnMs,
      mayServe: () => this.stallGuard.mayServe(),
    })
  }

  #makeFlusher(): Flusher {
    const { settings, view, store, clock, streams } = this.#parts
    const onBroken = (error: unknown) => this.#broken(error)
    return new Flusher({
      autosync: heard(this.autosync, onBroken),
      commit: heard(this.commit, onBroken),
      store,
      view,
      acks: this.acks,
      outcomes: this.outcomes,
      clock,
      facts: streams,
      verifyAfterWrite: settings.verifyAfterWrite,
      waitingCount: () => this.executor.waitingCount,
      onDiscarded: (error) => {
        this.executor.discarded(error)
        this.#parts.onDiscarded(error)
        this.rebuilder.want()
      },
      onFenced: (error) => this.#parts.onFailed(error),
      onBroken,
      onCommitted: () => this.maintenance.committed(),
    })
  }

  #listen(): void {
    this.autosync.on('wake.wanted', ({ atMs }) => this.waker.want(atMs))
    this.autosync.on('backpressure.changed', ({ isHigh }) => {
      this.executor.hold(isHigh)
      // Whoever is held waits for a flush, whatever the policy would wait for.
      if (isHigh) this.requestFlush()
      this.#parts.streams.emit({ type: 'backpressure.changed', isHigh, dirtyBytes: this.#parts.view.dirtyBytes })
    })
  }

  /** WASM memory never shrinks: an instance that has grown is replaced when nobody needs it. */
  #shrink(): void {
    if (this.#parts.engine.wasmBytes <= limits.wasmIdleBytesMax || !this.executor.isIdle) return
    this.rebuilder.want()
  }

  #observe(error: unknown): void {
    // What is still on its way has shown that the store is another's: nothing of it is served any more.
    if (isDatabaseError(error, 'LEASE_LOST')) this.#parts.onFailed(error)
    tellDamage(this.#parts.streams, error)
  }

  #broken(error: unknown): void {
    this.#parts.onFailed(asDatabaseError(error))
  }
}
