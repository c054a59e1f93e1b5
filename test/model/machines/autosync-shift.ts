/**
 * Autosync does not care when time began or where numbering did: a state moved by whole intervals and by any txid behaves the same
 * (autosync-lag.test.ts shows it). The walk keeps one of each such class, so that time and txids need no bound.
 */
import type { AnyMachineSnapshot } from 'xstate'
import type { AutosyncContext } from '../../../src/machines/autosync.ts'
import type { World } from './autosync-world.ts'

/** What becomes zero. */
export interface Base {
  readonly ms: number
  readonly txid: number
}

export function baseOf({ policy: { intervalMs } }: AutosyncContext, { nowMs, durableTxid }: World): Base {
  return { ms: intervalMs === 0 ? nowMs : Math.floor(nowMs / intervalMs) * intervalMs, txid: durableTxid }
}

export function shiftedWorld(world: World, { ms, txid }: Base): World {
  return {
    ...world,
    nowMs: world.nowMs - ms,
    wakeAtMs: world.wakeAtMs === null ? null : world.wakeAtMs - ms,
    flights: world.flights.map((flight) => ({ ...flight, txid: flight.txid - txid, sinceMs: flight.sinceMs - ms })),
    sealedTxid: world.sealedTxid - txid,
    writtenTxid: world.writtenTxid - txid,
    durableTxid: world.durableTxid - txid,
    urgentTxid: Math.max(world.urgentTxid, world.writtenTxid) - txid,
    toldAtMs: world.toldAtMs.map((atMs) => (world.isDraining ? 0 : atMs - ms)),
  }
}

/**
 * What is written before it is read again becomes zero: it tells states apart that behave the same. While nothing is behind no age is
 * read; without debounce not the newest; the later one only when a flush is underway behind its back; in a drain none of them.
 */
export function shiftedContext(context: AutosyncContext, { ms, txid }: Base, isDraining: boolean): AutosyncContext {
  const hasAges = context.durableTxid < context.sealedTxid && !isDraining
  const hasNewest = hasAges && context.policy.debounceMs > 0
  const hasLater = hasAges && context.flushTxid < context.sealedTxid
  return {
    ...context,
    sealedTxid: context.sealedTxid - txid,
    writtenTxid: context.writtenTxid - txid,
    durableTxid: context.durableTxid - txid,
    flushTxid: Math.max(context.flushTxid, context.durableTxid) - txid,
    oldestAtMs: hasAges ? context.oldestAtMs - ms : 0,
    newestAtMs: hasNewest ? context.newestAtMs - ms : 0,
    laterAtMs: hasLater ? context.laterAtMs - ms : 0,
    wakeAtMs: context.wakeAtMs === null ? null : context.wakeAtMs - ms,
    isRequested: context.isRequested && !isDraining,
  }
}

/** A snapshot is plain data and methods that look at `this`: the same one with another context. */
export function shiftedMachine(snapshot: AnyMachineSnapshot, base: Base, isDraining: boolean): AnyMachineSnapshot {
  return {
    ...snapshot,
    context: shiftedContext(snapshot.context as AutosyncContext, base, isDraining),
  } as AnyMachineSnapshot
}
