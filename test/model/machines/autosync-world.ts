/**
 * The world around the autosync machine: transactions are sealed and told at any time (or taken by a flush before they are told), a
 * medium that answers a flush within FLUSH_MS or refuses or fails it, timers that are on time, a caller who asks and drains.
 *
 * Time and numbering are exact and unbounded: states are kept relative to now and to the durable position (autosync-shift.ts).
 * Bounds: BEHIND_MAX transactions that are not durable, FAILURES_MAX failures in a row, steps of TICK_MS.
 */
import type { AnyMachineSnapshot } from 'xstate'
import {
  type AutosyncContext,
  type AutosyncEmitted,
  type AutosyncEvent,
  type AutosyncPolicy,
  autosyncMachine,
} from '../../../src/machines/autosync.ts'
import { type Bounds, explore, type Move, send, start, type Walk } from '../explore.ts'
import { type Base, baseOf, shiftedMachine, shiftedWorld } from './autosync-shift.ts'

export const BEHIND_MAX = 2
/** In a row, before and during a drain. */
export const FAILURES_MAX = 1
export const DRAIN_FAILURES_MAX = 3
export const TICK_MS = 50
export const FLUSH_MS = 50
const HIGH_BLOCKS = 2
const NORMAL_BLOCKS = 1

export const policies: readonly AutosyncPolicy[] = [
  { intervalMs: 0, debounceMs: 0, maxWaitMs: 100, maxDirtyBlocks: 2, maxDirtyBytes: 0 },
  { intervalMs: 0, debounceMs: 50, maxWaitMs: 100, maxDirtyBlocks: 0, maxDirtyBytes: 2 },
  { intervalMs: 100, debounceMs: 50, maxWaitMs: 150, maxDirtyBlocks: 0, maxDirtyBytes: 0 },
]

export interface Flight {
  /** Last transaction that it took. */
  readonly txid: number
  readonly needsBarrier: boolean
  readonly sinceMs: number
}

export interface World {
  readonly nowMs: number
  /** The wake that the machine wants. */
  readonly wakeAtMs: number | null
  /** Wants that were not answered. */
  readonly flights: readonly Flight[]
  readonly sealedTxid: number
  readonly writtenTxid: number
  readonly durableTxid: number
  /** A strict or relaxed request waits for transactions up to here. */
  readonly urgentTxid: number
  /** When each transaction that is not durable was told, oldest first; those not told yet are not in it. */
  readonly toldAtMs: readonly number[]
  readonly isHigh: boolean
  readonly isDraining: boolean
}

export interface AutosyncState {
  /** Null before the policy is chosen. */
  readonly machine: AnyMachineSnapshot | null
  readonly world: World
}

export const contextOf = (machine: AnyMachineSnapshot): AutosyncContext => machine.context as AutosyncContext

const emptyWorld: World = {
  nowMs: 0,
  wakeAtMs: null,
  flights: [],
  sealedTxid: 0,
  writtenTxid: 0,
  durableTxid: 0,
  urgentTxid: 0,
  toldAtMs: [],
  isHigh: false,
  isDraining: false,
}

export function walkAutosync(
  machine: typeof autosyncMachine = autosyncMachine,
  { tried = policies, ...bounds }: Bounds & { readonly tried?: readonly AutosyncPolicy[] } = {},
): Walk<AutosyncState> {
  return explore<AutosyncState>(
    { machine: null, world: emptyWorld },
    function* (state): Iterable<Move<AutosyncState>> {
      const { machine: from, world } = state
      if (from === null) return yield* choices(machine, tried)
      if (from.status !== 'active' || world.flights.length > 1) return
      for (const [event, next] of silentMoves(from, world)) yield { event, emitted: [], to: canonical(from, next) }
      for (const [event, next] of offers(from, world)) {
        const { snapshot, emitted } = send(machine, from, event)
        const to = canonical(snapshot, worldAfter(next, emitted))
        yield { event, emitted, to, raw: snapshot, isFault: /refused|failed/.test(event.type) }
      }
    },
    bounds,
  )
}

function* choices(machine: typeof autosyncMachine, tried: readonly AutosyncPolicy[]): Iterable<Move<AutosyncState>> {
  for (const policy of tried) {
    const input = { policy, highBytes: HIGH_BLOCKS, normalBytes: NORMAL_BLOCKS, sealedTxid: 0 }
    yield {
      event: { type: 'policy.chosen', policy },
      emitted: [],
      to: { machine: start(machine, input).snapshot, world: emptyWorld },
    }
  }
}

function canonical(snapshot: AnyMachineSnapshot, world: World): AutosyncState {
  const base: Base = baseOf(contextOf(snapshot), world)
  return { machine: shiftedMachine(snapshot, base, world.isDraining), world: shiftedWorld(world, base) }
}

type Next = readonly [event: AutosyncEvent, world: World]

/** What the machine is not told: time that passes, a transaction sealed in the middle of a turn. */
function* silentMoves(machine: AnyMachineSnapshot, world: World): Iterable<readonly [{ type: string }, World]> {
  const { nowMs, wakeAtMs, flights, sealedTxid } = world
  const isWakeDue = wakeAtMs !== null && wakeAtMs <= nowMs
  const isFlushDue = flights.some(({ sinceMs }) => nowMs - sinceMs >= FLUSH_MS)
  if (!isWakeDue && !isFlushDue) yield [{ type: `${TICK_MS} ms` }, { ...world, nowMs: nowMs + TICK_MS }]
  if (sealedTxid === contextOf(machine).sealedTxid && sealedTxid - world.durableTxid < BEHIND_MAX) {
    yield [{ type: 'sealed, not told' }, { ...world, sealedTxid: sealedTxid + 1 }]
  }
}

function* offers(machine: AnyMachineSnapshot, world: World): Iterable<Next> {
  const { nowMs: atMs, wakeAtMs, flights, isDraining } = world
  yield* seals(world)
  yield [{ type: 'flush.requested', atMs }, world]
  if (!isDraining)
    yield [
      { type: 'drain.requested', atMs },
      { ...world, isDraining: true },
    ]
  if (wakeAtMs !== null && wakeAtMs <= atMs)
    yield [
      { type: 'woke', atMs },
      { ...world, wakeAtMs: null },
    ]
  // A timer that fired just before its wish was replaced.
  if (wakeAtMs !== null && wakeAtMs > atMs) yield [{ type: 'woke', atMs }, world]
  const flight = flights[0]
  if (flight !== undefined) yield* answersTo(flight, { machine, world: { ...world, flights: flights.slice(1) } })
}

/** A turn ends: what it sealed is told, one transaction of its own or the one that was sealed silently. */
function* seals(world: World): Iterable<Next> {
  const isUntold = world.sealedTxid - world.durableTxid > world.toldAtMs.length
  const sealedTxid = isUntold ? world.sealedTxid : world.sealedTxid + 1
  if (sealedTxid - world.durableTxid > BEHIND_MAX) return
  const toldAtMs = [...world.toldAtMs, world.nowMs].slice(0, sealedTxid - world.durableTxid)
  for (const urgency of ['now', 'policy'] as const) {
    const next: World = {
      ...world,
      sealedTxid,
      toldAtMs,
      urgentTxid: urgency === 'now' ? sealedTxid : world.urgentTxid,
    }
    yield [{ type: 'transactions.sealed', sealedTxid, urgency, ...dirtinessOf(next), atMs: world.nowMs }, next]
  }
}

function* answersTo(flight: Flight, { machine, world }: { machine: AnyMachineSnapshot; world: World }): Iterable<Next> {
  const atMs = world.nowMs
  const durables = flight.needsBarrier ? [flight.txid] : [flight.txid, world.durableTxid]
  for (const durableTxid of new Set(durables)) {
    const toldAtMs = world.toldAtMs.slice(durableTxid - world.durableTxid)
    const next: World = { ...world, writtenTxid: flight.txid, durableTxid, toldAtMs }
    const urgency = next.urgentTxid > next.writtenTxid ? 'now' : 'policy'
    const { writtenTxid } = next
    yield [{ type: 'flush.succeeded', writtenTxid, durableTxid, ...dirtinessOf(next), urgency, atMs }, next]
  }
  if (contextOf(machine).failureCount >= (world.isDraining ? DRAIN_FAILURES_MAX : FAILURES_MAX)) return
  yield [{ type: 'flush.refused', atMs }, world]
  for (const durableTxid of new Set([world.writtenTxid, world.durableTxid])) {
    const sealedTxid = world.writtenTxid
    const toldAtMs = Array<number>(sealedTxid - durableTxid).fill(atMs)
    const next: World = { ...world, sealedTxid, durableTxid, toldAtMs, urgentTxid: durableTxid }
    yield [{ type: 'flush.failed', sealedTxid, durableTxid, atMs }, next]
  }
}

/** One block for each transaction; one byte a block. */
function dirtinessOf({ sealedTxid, writtenTxid }: World) {
  const dirtyBlocks = sealedTxid - writtenTxid
  return { dirtyBlocks, dirtyBytes: dirtyBlocks }
}

function worldAfter(world: World, emitted: readonly AutosyncEmitted[]): World {
  return emitted.reduce<World>((next, fact) => {
    if (fact.type === 'wake.wanted') return { ...next, wakeAtMs: fact.atMs }
    if (fact.type === 'backpressure.changed') return { ...next, isHigh: fact.isHigh }
    if (fact.type !== 'flush.wanted') return next
    const flight = { txid: next.sealedTxid, needsBarrier: fact.needsBarrier, sinceMs: next.nowMs }
    return { ...next, flights: [...next.flights, flight] }
  }, world)
}
