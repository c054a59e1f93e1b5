/**
 * Does what autosync and commit decide: takes groups from the view, writes their records, passes the barrier, confirms the epoch,
 * and answers those who waited. One flush at a time.
 *
 *   flush.wanted ─▶ commit.requested ─▶ write ─▶ barrier ─▶ (read back) ─▶ confirm ─▶ committed: callers are answered
 *                                        │refused: the group is kept          │unknown: void, then nothing of it was
 */
import { DatabaseError, inDoubt, isDatabaseError } from '../errors.ts'
import type { StorageOperation } from '../events.ts'
import type { AutosyncEmitted, AutosyncEvent, FlushTrigger } from '../machines/autosync.ts'
import type { CommitEmitted, CommitEvent } from '../machines/commit.ts'
import type { Appended, BlockStore, Group } from '../storage/block-store.ts'
import type { View } from '../storage/view.ts'
import type { Awaitable, Txid } from '../units.ts'
import type { Acks } from './acks.ts'
import type { Facts, MachineRef } from './facts.ts'
import { type Flight, FlightFacts, nothingAppended } from './flight-facts.ts'
import type { Outcomes } from './outcomes.ts'
import { OwedVoid } from './owed-void.ts'
import type { Clock } from './ports.ts'

export interface FlusherPorts {
  readonly autosync: MachineRef<AutosyncEvent, AutosyncEmitted>
  readonly commit: MachineRef<CommitEvent, CommitEmitted>
  readonly store: BlockStore
  readonly view: View
  readonly acks: Acks
  readonly outcomes: Outcomes
  readonly clock: Clock
  readonly facts: Facts
  readonly verifyAfterWrite: boolean
  /** Requests that wait for their turn: an asynchronous barrier lets them run. */
  readonly waitingCount: () => number
  /** The view was discarded: the connection has to be made anew. */
  readonly onDiscarded: (error: DatabaseError) => void
  /** Another writer owns the store, or there is no store any more. */
  readonly onFenced: (error: DatabaseError) => void
  /** A rule of our own was broken while flushing. */
  readonly onBroken: (error: unknown) => void
  readonly onCommitted: () => void
}

export class Flusher {
  readonly #ports: FlusherPorts
  readonly #told: FlightFacts
  readonly #owedVoid: OwedVoid
  #flight: Flight | undefined
  /** A group that was refused before any byte: the next flush writes the same record. */
  #kept: Group | undefined
  #error: DatabaseError | undefined

  constructor(ports: FlusherPorts) {
    this.#ports = ports
    this.#told = new FlightFacts(ports)
    this.#owedVoid = new OwedVoid(ports, (error) => this.#failed('void', error))
    const { autosync, commit, store } = ports
    autosync.on('flush.wanted', ({ trigger, needsBarrier }) => this.#start(trigger, needsBarrier))
    commit.on('write.wanted', () => this.#write())
    commit.on('barrier.wanted', () =>
      this.#attempt('barrier', () => store.barrier({ mayWait: this.#othersWait() }), { type: 'barrier.passed' }),
    )
    commit.on('readback.wanted', () => this.#attempt('readBack', () => store.readBack(), { type: 'readback.matched' }))
    commit.on('confirmation.wanted', () =>
      this.#attempt('confirm', () => store.confirmEpoch(), { type: 'epoch.confirmed' }),
    )
    commit.on('void.wanted', () => this.#owedVoid.settle())
    commit.on('commit.committed', () => this.#committed())
    commit.on('commit.refused', () => this.#refused())
    commit.on('commit.rolledBack', ({ certain }) => this.#rolledBack({ isCertain: certain }))
    commit.on('commit.fenced', () => this.#fenced())
  }

  /** Why the last flush did not succeed; undefined once one has. */
  get error(): DatabaseError | undefined {
    return this.#error
  }

  /** A record of unknown outcome is not void yet: nothing may be sealed until it is. */
  get isVoidOwed(): boolean {
    return this.#owedVoid.isOwed
  }

  /** Tries once more to make it void. Resolves when that has ended, either way. */
  retryVoid(): Promise<void> {
    return this.#owedVoid.retry()
  }

  #start(trigger: FlushTrigger, wantsBarrier: boolean): void {
    const { view, store, acks, outcomes, clock, commit } = this.#ports
    const group =
      this.#kept ?? (view.hasSealed ? view.takeGroup({ timeMs: clock.wallMs(), requests: outcomes.take() }) : undefined)
    this.#kept = undefined
    const lastTxid = group?.lastTxid ?? store.positions.writtenTxid
    const needsBarrier = wantsBarrier || acks.needsBarrier(lastTxid)
    this.#flight = {
      group,
      trigger,
      startedAtMs: clock.now(),
      needsBarrier,
      epoch: store.epoch,
      appended: nothingAppended,
    }
    this.#told.started(this.#flight)
    if (group === undefined) return commit.send({ type: 'barrier.requested' })
    const { verifyAfterWrite } = this.#ports
    commit.send({ type: 'commit.requested', firstTxid: group.firstTxid, lastTxid, needsBarrier, verifyAfterWrite })
  }

  #write(): void {
    const { group, needsBarrier = true } = this.#flight ?? {}
    if (group === undefined) return this.#ports.commit.send({ type: 'record.written' })
    const write = () => {
      const appended = this.#ports.store.append(group, { needsBarrier })
      return appended instanceof Promise ? appended.then(this.#noteAppended) : this.#noteAppended(appended)
    }
    this.#attempt('append', write, { type: 'record.written' })
  }

  readonly #noteAppended = (appended: Appended): void => {
    if (this.#flight !== undefined) this.#flight.appended = appended
  }

  #othersWait(): boolean {
    return this.#ports.waitingCount() + this.#ports.acks.count > 1
  }

  /** Does one step and tells the commit machine how it ended. */
  #attempt(operation: StorageOperation, step: () => Awaitable<void>, done: CommitEvent): void {
    try {
      const pending = step()
      if (pending instanceof Promise) {
        pending.then(
          () => this.#ports.commit.send(done),
          (error: unknown) => this.#failed(operation, error),
        )
      } else this.#ports.commit.send(done)
    } catch (error) {
      this.#failed(operation, error)
    }
  }

  #failed(operation: StorageOperation, error: unknown): void {
    const { commit, facts, onBroken, onFenced } = this.#ports
    if (!isDatabaseError(error)) return onBroken(error)
    this.#error = error
    facts.emit({ type: 'storage.failed', code: error.code, message: error.message, operation })
    // There is nothing to write to any more, and nothing to be made void there.
    if (error.code === 'STORE_LOST') return onFenced(error)
    if (error.code === 'LEASE_LOST') commit.send({ type: 'epoch.superseded' })
    else if (operation === 'void') commit.send({ type: 'void.failed' })
    else if (error.code === 'READBACK_MISMATCH') commit.send({ type: 'readback.mismatched' })
    else if (error.code === 'STORAGE_FULL' && error.outcome === undefined) commit.send({ type: 'record.refused' })
    else commit.send({ type: 'outcome.unknown' })
  }

  #committed(): void {
    const { view, store, acks, outcomes, autosync, clock, facts, onCommitted } = this.#ports
    const flight = this.#flight
    this.#flight = undefined
    this.#error = undefined
    view.settle()
    outcomes.settle()
    const { writtenTxid, durableTxid } = store.positions
    acks.release({ writtenTxid, durableTxid })
    // A void that was tried again on its own was nobody's flush.
    if (flight === undefined) return
    this.#told.committed(flight)
    autosync.send({
      type: 'flush.succeeded',
      writtenTxid,
      durableTxid,
      dirtyBlocks: view.dirtyBlocks,
      dirtyBytes: view.dirtyBytes,
      urgency: acks.count > 0 ? 'now' : 'policy',
      atMs: clock.now(),
    })
    facts.measuredChanged()
    onCommitted()
  }

  #refused(): void {
    const { autosync, clock } = this.#ports
    this.#kept = this.#flight?.group
    this.#tellFailed(true)
    autosync.send({ type: 'flush.refused', atMs: clock.now() })
  }

  /** Nothing of the group, the open transaction and what was sealed later is in the store; memory goes back to what is. */
  #rolledBack({ isCertain }: { isCertain: boolean }): void {
    const { view, store, acks, outcomes, autosync, clock, facts, onDiscarded } = this.#ports
    const error = rejection(this.#error, isCertain)
    const lostThrough = view.sealedTxid
    const flight = this.#flight
    const lostEpoch = flight?.epoch ?? store.epoch
    this.#tellFailed(false)
    this.#kept = undefined
    view.discard()
    outcomes.discard()
    const { writtenTxid, durableTxid } = store.positions
    acks.release({ writtenTxid, durableTxid })
    acks.reject(error, writtenTxid)
    if (lostThrough > writtenTxid) {
      facts.emit({ type: 'commits.lost', epoch: lostEpoch, from: writtenTxid + 1, to: lostThrough })
    }
    onDiscarded(error)
    if (flight !== undefined)
      autosync.send({ type: 'flush.failed', sealedTxid: writtenTxid, durableTxid, atMs: clock.now() })
  }

  #fenced(): void {
    const { acks, view, onFenced } = this.#ports
    const error = new DatabaseError('LEASE_LOST', 'another writer has taken over this store', { cause: this.#error })
    const { group, appended } = this.#flight ?? {}
    this.#tellFailed(false)
    view.discard()
    // What was appended the other writer may have found, and kept.
    if (group !== undefined && appended !== undefined && appended.bytes > 0) {
      acks.reject(error, group.lastTxid)
      acks.reject(inDoubt(error), 0 as Txid)
    } else acks.reject(error, 0 as Txid)
    onFenced(error)
  }

  #tellFailed(willRetry: boolean): void {
    const flight = this.#flight
    this.#flight = undefined
    if (flight !== undefined) this.#told.failed(flight, { error: this.#error, willRetry })
  }
}

/** Codes that say more than that it failed. What the medium does not support, it will not support later. */
const telling = ['READBACK_MISMATCH', 'NOT_SUPPORTED'] as const

const rejection = (cause: DatabaseError | undefined, isCertain: boolean) =>
  new DatabaseError(
    telling.find((code) => code === cause?.code) ?? 'STORAGE_FAILED',
    cause?.message ?? 'the flush failed',
    {
      cause,
      retryable: cause?.code !== 'NOT_SUPPORTED',
      ...(isCertain ? {} : { outcome: 'unknown' as const }),
    },
  )
