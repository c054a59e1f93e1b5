/**
 * The commit path: the shipped autosync and commit machines, wired as the effects wire them, over an abstract disk. Power may fail in
 * any state: what recovery would find is judged in each. A rival may take over at any moment while this process goes on as a zombie.
 *
 * Transactions have an identity of their own (`uid`), because a txid is issued again after its transaction was rejected.
 * Time stands still at 0, and a wake that is wanted may come at any moment: every order of events that timers allow, and more.
 * Bounds: UID_MAX transactions, EPOCH_MAX epochs, FAILURES_MAX refusals in a row.
 */
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import { type AutosyncContext, type AutosyncEvent, type autosyncMachine } from '../../../src/machines/autosync.ts'
import { type CommitContext, type CommitEvent, type commitMachine } from '../../../src/machines/commit.ts'
import { type Bounds, explore, type Move, send, start, type Walk } from '../explore.ts'
import { type Disk, voided } from './path-disk.ts'

export const UID_MAX = 3
const EPOCH_MAX = 3
const FAILURES_MAX = 1
/** Whenever a wake comes, it is late enough for everything. */
const LATE_MS = 1_000_000

export interface Sealed {
  readonly uid: number
  readonly level: 'strict' | 'relaxed' | 'deferred'
}

export interface PathState {
  readonly autosync: AnyMachineSnapshot
  readonly commit: AnyMachineSnapshot
  readonly disk: Disk
  /** Sealed and not on the medium, by txid order. */
  readonly sealed: readonly Sealed[]
  /** Transactions in flight, or kept after a refusal. */
  readonly group: readonly Sealed[] | null
  readonly strictWaits: readonly number[]
  readonly want: string | null
  readonly isWakeWanted: boolean
  readonly uidCount: number
  /** Told to callers. */
  readonly ackedDurable: readonly number[]
  readonly ackedWritten: readonly number[]
  readonly rejected: readonly number[]
}

const autosyncOf = ({ autosync }: PathState) => autosync.context as AutosyncContext
const commitOf = ({ commit }: PathState) => commit.context as CommitContext

export function walkPath(
  { commit, autosync }: { commit: typeof commitMachine; autosync: typeof autosyncMachine },
  bounds: Bounds = {},
): Walk<PathState> {
  const policy = { intervalMs: 0, debounceMs: 0, maxWaitMs: 100, maxDirtyBlocks: 2, maxDirtyBytes: 0 }
  const initial: PathState = {
    autosync: start(autosync, { policy, highBytes: 1e9, normalBytes: 1e9, sealedTxid: 0 }).snapshot,
    commit: start(commit, { epoch: 1, writtenTxid: 0, durableTxid: 0 }).snapshot,
    disk: { epoch: 1, records: [], durableCount: 0, recoveredCount: null },
    sealed: [],
    group: null,
    strictWaits: [],
    want: null,
    isWakeWanted: false,
    uidCount: 0,
    ackedDurable: [],
    ackedWritten: [],
    rejected: [],
  }
  const path = new Path(commit, autosync)
  return explore(initial, (state) => path.moves(state), bounds)
}

/** One move: an event, and everything that the machines and the effects between them do about it at once. */
class Path {
  #facts: AnyEventObject[] = []
  readonly #commit: typeof commitMachine
  readonly #autosync: typeof autosyncMachine

  constructor(commit: typeof commitMachine, autosync: typeof autosyncMachine) {
    this.#commit = commit
    this.#autosync = autosync
  }

  *moves(state: PathState): Iterable<Move<PathState>> {
    if (state.commit.status !== 'active') return
    for (const [event, run, isFault] of this.#offers(state)) {
      this.#facts = []
      const to = run()
      yield { event, to, emitted: this.#facts, isFault: isFault ?? false }
    }
  }

  *#offers(state: PathState): Iterable<readonly [AnyEventObject, () => PathState, boolean?]> {
    const { disk, want } = state
    if (state.autosync.status === 'active') {
      for (const level of ['strict', 'relaxed', 'deferred'] as const) {
        if (state.uidCount < UID_MAX) yield [{ type: 'sealed', level }, () => this.#seal(state, level)]
      }
      if (state.isWakeWanted) {
        const woken = { ...state, isWakeWanted: false }
        yield [{ type: 'woke' }, () => this.#tellAutosync(woken, { type: 'woke', atMs: LATE_MS })]
      }
      yield [{ type: 'flush.requested' }, () => this.#tellAutosync(state, { type: 'flush.requested', atMs: 0 })]
    }
    if (disk.recoveredCount === null) {
      const taken = {
        ...disk,
        epoch: disk.epoch + 1,
        durableCount: disk.records.length,
        recoveredCount: disk.records.length,
      }
      yield [{ type: 'a rival takes over' }, () => ({ ...state, disk: taken }), true]
    }
    if (want !== null) yield* this.#answers({ ...state, want: null }, want)
  }

  *#answers(state: PathState, want: string): Iterable<readonly [AnyEventObject, () => PathState, boolean?]> {
    const { disk } = state
    const tell = (type: string, event: CommitEvent, next: Disk, isFault = false) =>
      [{ type }, () => this.#tellCommit({ ...state, disk: next }, event), isFault] as const
    const isOurs = disk.epoch === commitOf(state).epoch
    const mayFail = disk.epoch < EPOCH_MAX
    const canRefuse = autosyncOf(state).failureCount < FAILURES_MAX
    const written = { ...disk, records: [...disk.records, (state.group ?? []).map(({ uid }) => uid)] }
    if (want === 'write.wanted') {
      yield tell('written', { type: 'record.written' }, written)
      if (canRefuse) yield tell('refused', { type: 'record.refused' }, disk, true)
      if (!mayFail) return
      yield tell('write fails, the record is there', { type: 'outcome.unknown' }, written, true)
      yield tell('write fails, nothing is there', { type: 'outcome.unknown' }, disk, true)
    }
    if (want === 'barrier.wanted') {
      yield tell('barrier', { type: 'barrier.passed' }, { ...disk, durableCount: disk.records.length })
      if (mayFail) yield tell('barrier fails', { type: 'outcome.unknown' }, disk, true)
    }
    if (want === 'confirmation.wanted') {
      yield isOurs
        ? tell('epoch is ours', { type: 'epoch.confirmed' }, disk)
        : tell('epoch is not ours', { type: 'epoch.superseded' }, disk)
    }
    if (want === 'void.wanted') {
      if (!isOurs) return yield tell('epoch is not ours', { type: 'epoch.superseded' }, disk)
      yield tell('void', { type: 'void.recorded', epoch: disk.epoch + 1 }, voided(disk, this.#keptUids(state)))
      if (canRefuse) yield tell('void fails', { type: 'void.failed' }, disk, true)
    }
  }

  /** Everything acknowledged as written or durable by the commit machine is kept by a void; the rest goes. */
  #keptUids(state: PathState): number {
    return commitOf(state).writtenTxid
  }

  #seal(state: PathState, level: Sealed['level']): PathState {
    const uid = state.uidCount + 1
    const sealed = [...state.sealed, { uid, level }]
    const next = {
      ...state,
      sealed,
      uidCount: uid,
      strictWaits: level === 'strict' ? [...state.strictWaits, uid] : state.strictWaits,
    }
    const sealedTxid = commitOf(state).writtenTxid + (state.group?.length ?? 0) + sealed.length
    return this.#tellAutosync(next, {
      type: 'transactions.sealed',
      sealedTxid,
      urgency: level === 'deferred' ? 'policy' : 'now',
      ...dirtinessOf(next),
      atMs: 0,
    })
  }

  #tellAutosync(state: PathState, event: AutosyncEvent): PathState {
    const { snapshot, emitted } = send(this.#autosync, state.autosync, event)
    this.#facts.push(...emitted)
    return emitted.reduce<PathState>(
      (next, fact) => {
        if (fact.type === 'wake.wanted') return { ...next, isWakeWanted: fact.atMs !== null }
        return fact.type === 'flush.wanted' ? this.#flush(next, fact.needsBarrier) : next
      },
      { ...state, autosync: snapshot },
    )
  }

  #flush(state: PathState, wantsBarrier: boolean): PathState {
    const group = state.group ?? state.sealed
    const next = state.group === null ? { ...state, group, sealed: [] } : state
    if (group.length === 0) return this.#tellCommit({ ...next, group: null }, { type: 'barrier.requested' })
    const firstTxid = commitOf(state).writtenTxid + 1
    const needsBarrier = wantsBarrier || group.some(({ uid }) => state.strictWaits.includes(uid))
    const lastTxid = firstTxid + group.length - 1
    return this.#tellCommit(next, {
      type: 'commit.requested',
      firstTxid,
      lastTxid,
      needsBarrier,
      verifyAfterWrite: false,
    })
  }

  #tellCommit(state: PathState, event: CommitEvent): PathState {
    const { snapshot, emitted } = send(this.#commit, state.commit, event)
    this.#facts.push(...emitted)
    return emitted.reduce<PathState>(
      (next, fact) => {
        if (fact.type === 'commit.committed') return this.#committed(next)
        if (fact.type === 'commit.refused') return this.#tellAutosync(next, { type: 'flush.refused', atMs: 0 })
        if (fact.type === 'commit.rolledBack') return this.#rolledBack(next, fact.certain)
        return fact.type.endsWith('.wanted') ? { ...next, want: fact.type } : next
      },
      { ...state, commit: snapshot },
    )
  }

  #committed(state: PathState): PathState {
    const { writtenTxid, durableTxid } = commitOf(state)
    const done = state.group ?? []
    const uids = [...state.ackedWritten, ...done.filter(({ level }) => level !== 'deferred').map(({ uid }) => uid)]
    const ackedDurable = [
      ...state.ackedDurable,
      ...state.strictWaits.filter((uid) => done.some((other) => other.uid === uid)),
    ]
    const strictWaits = state.strictWaits.filter((uid) => !ackedDurable.includes(uid))
    const next = { ...state, group: null, ackedWritten: uids, ackedDurable, strictWaits }
    const urgency = next.sealed.some(({ level }) => level !== 'deferred') ? 'now' : 'policy'
    return this.#tellAutosync(next, {
      type: 'flush.succeeded',
      writtenTxid,
      durableTxid,
      ...dirtinessOf(next),
      urgency,
      atMs: 0,
    })
  }

  #rolledBack(state: PathState, isCertain: boolean): PathState {
    const gone = [...(state.group ?? []), ...state.sealed].map(({ uid }) => uid)
    const doubtful = isCertain ? [] : (state.group ?? []).map(({ uid }) => uid)
    const rejected = [...state.rejected, ...gone.filter((uid) => !doubtful.includes(uid))]
    const next = { ...state, group: null, sealed: [], strictWaits: [], rejected }
    const { writtenTxid, durableTxid } = commitOf(state)
    return this.#tellAutosync(next, { type: 'flush.failed', sealedTxid: writtenTxid, durableTxid, atMs: 0 })
  }
}

function dirtinessOf({ sealed, group }: PathState) {
  const dirtyBlocks = sealed.length + (group?.length ?? 0)
  return { dirtyBlocks, dirtyBytes: dirtyBlocks }
}
