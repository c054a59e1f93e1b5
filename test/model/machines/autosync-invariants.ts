/** The rules of autosync, by the words of its header, and liveness. */
import assert from 'node:assert/strict'
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import { limits } from '../../../src/limits.ts'
import type { Step } from '../explore.ts'
import { type AutosyncState, contextOf } from './autosync-world.ts'
import type { Invariants } from './invariants.ts'

/** Rules about what came out of an event, in the numbering of the state before it. */
const afterEvent =
  (rule: (step: Step<AutosyncState>, from: AnyMachineSnapshot, to: AnyMachineSnapshot) => void) =>
  (step: Step<AutosyncState>): void => {
    if (step.from.machine !== null && step.raw !== undefined) rule(step, step.from.machine, step.raw)
  }

const inState =
  (rule: (state: { machine: AnyMachineSnapshot; world: AutosyncState['world'] }) => void) =>
  ({ to: { machine, world } }: Step<AutosyncState>): void => {
    if (machine !== null) rule({ machine, world })
  }

const has = (emitted: readonly AnyEventObject[], type: string) => emitted.some((fact) => fact.type === type)
const isWaiting = (machine: AnyMachineSnapshot) =>
  ['debouncing', 'backingOff'].includes(machine.value as string) || machine.matches({ draining: 'backingOff' })

export const autosyncInvariants: Invariants<AutosyncState> = {
  'durableTxid ≤ writtenTxid ≤ sealedTxid, and none falls except by flush.failed': (walk) =>
    walk.always(
      afterEvent(({ event }, from, to) => {
        const [before, after] = [contextOf(from), contextOf(to)]
        assert.ok(after.durableTxid <= after.writtenTxid)
        assert.ok(after.writtenTxid <= after.sealedTxid)
        if (event.type === 'flush.failed') return
        assert.ok(after.durableTxid >= before.durableTxid)
        assert.ok(after.writtenTxid >= before.writtenTxid)
        assert.ok(after.sealedTxid >= before.sealedTxid)
      }),
    ),
  'In `idle`, nothing is behind: durableTxid = sealedTxid': (walk) =>
    walk.always(
      inState(({ machine, world }) => {
        if (machine.value === 'idle') assert.deepEqual(world.toldAtMs, [])
      }),
    ),
  'At most one flush is in flight': (walk) => walk.always(inState(({ world }) => assert.ok(world.flights.length <= 1))),
  'In `debouncing` and `backingOff` a wake is wanted': (walk) =>
    walk.always(
      inState(({ machine, world }) => {
        const { wakeAtMs } = contextOf(machine)
        if (machine.status === 'active' && wakeAtMs !== null) assert.equal(wakeAtMs, world.wakeAtMs)
        if (isWaiting(machine)) assert.notEqual(wakeAtMs, null)
      }),
    ),
  'In `debouncing` the wake is no later than maxWaitMs after the oldest transaction that is not durable was sealed': (
    walk,
  ) =>
    walk.always(
      inState(({ machine, world }) => {
        const oldestAtMs = world.toldAtMs[0]
        if (machine.value !== 'debouncing' || oldestAtMs === undefined) return
        assert.ok((world.wakeAtMs ?? Infinity) <= oldestAtMs + contextOf(machine).policy.maxWaitMs)
      }),
    ),
  'While somebody waits, a flush is in flight or a refused one is to be retried': (walk) =>
    walk.always(
      inState(({ machine, world }) => {
        if (machine.status !== 'active' || world.urgentTxid <= world.writtenTxid) return
        assert.ok(world.flights.length === 1 || isWaiting(machine))
        assert.notEqual(machine.value, 'debouncing')
      }),
    ),
  'Backpressure is reported at its edges only: high at highBytes, normal below normalBytes': (walk) =>
    walk.always(
      afterEvent(({ emitted }, from, to) => {
        const [before, after] = [contextOf(from), contextOf(to)]
        const isHigh = after.dirtyBytes >= after.highBytes || (before.isHigh && after.dirtyBytes >= after.normalBytes)
        assert.equal(after.isHigh, isHigh)
        const edges = emitted.filter(({ type }) => type === 'backpressure.changed')
        assert.deepEqual(edges, isHigh === before.isHigh ? [] : [{ type: 'backpressure.changed', isHigh }])
      }),
    ),
  'Drained without giving up means that nothing is behind; giving up takes drainFailuresMax failures in a row': (
    walk,
  ) =>
    walk.always(
      afterEvent(({ emitted }, _, to) => {
        const { isGivenUp, durableTxid, sealedTxid, failureCount } = contextOf(to)
        assert.equal(has(emitted, 'drained'), to.status === 'done')
        if (to.matches('draining')) assert.ok(failureCount < limits.drainFailuresMax, 'it is not given up in time')
        if (to.status !== 'done') return
        if (isGivenUp) assert.ok(failureCount >= limits.drainFailuresMax)
        else assert.equal(durableTxid, sealedTxid)
      }),
    ),
  'A flush that was refused is not asked for again before its backoff, except by a drain': (walk) =>
    walk.always(
      afterEvent(({ event, emitted }, from) => {
        if (!isWaiting(from) || from.value === 'debouncing' || !has(emitted, 'flush.wanted')) return
        if (event.type === 'drain.requested') return
        assert.equal(event.type, 'woke')
        assert.ok(Number(event['atMs']) >= (contextOf(from).wakeAtMs ?? Infinity))
      }),
    ),
  'Whatever is behind becomes durable once the medium works': (walk) =>
    walk.leadsTo(
      ({ machine, world }) => machine?.status === 'active' && world.toldAtMs.length > 0,
      ({ world }) => world.toldAtMs.length === 0,
    ),
  'A drain leads to closed': (walk) =>
    walk.leadsTo(
      ({ world }) => world.isDraining,
      ({ machine }) => machine?.status === 'done',
    ),
}
