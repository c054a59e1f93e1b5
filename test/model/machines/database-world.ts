/**
 * The world around the database machine: a caller who opens and closes at any time, a lock that is granted or refused, a recovery,
 * a drain and a release that end well or not, a lease that may be lost and actors that may die.
 */
import assert from 'node:assert/strict'
import type { AnyMachineSnapshot } from 'xstate'
import { type DatabaseContext, type DatabaseEvent, databaseMachine } from '../../../src/machines/database.ts'
import { type Bounds, explore, type Move, send, start, type Walk } from '../explore.ts'
import type { Invariants } from './invariants.ts'

export interface DatabaseState {
  readonly machine: AnyMachineSnapshot
  readonly wants: readonly string[]
  readonly isLockHeld: boolean
  readonly isRecovered: boolean
  /** How the drain ended: null before. */
  readonly isDrained: boolean | null
  readonly recoveries: number
  readonly isCloseRequested: boolean
}

const contextOf = ({ machine }: DatabaseState): DatabaseContext => machine.context as DatabaseContext
const faults = ['lock.refused', 'recovery.failed', 'release.failed', 'lease.lost', 'actor.failed']

export function walkDatabase(
  machine: typeof databaseMachine = databaseMachine,
  bounds: Bounds = {},
): Walk<DatabaseState> {
  const initial: DatabaseState = {
    machine: start(machine, undefined).snapshot,
    wants: [],
    isLockHeld: false,
    isRecovered: false,
    isDrained: null,
    recoveries: 0,
    isCloseRequested: false,
  }
  return explore(
    initial,
    function* (state): Iterable<Move<DatabaseState>> {
      if (state.machine.status !== 'active') return
      for (const [event, answered] of offers(state)) {
        const { snapshot, emitted } = send(machine, state.machine, event)
        const wants = emitted.flatMap((fact) =>
          fact.type === 'release.wanted' ? [`${fact.type} ${String(fact.isClean)}`] : [fact.type],
        )
        const to: DatabaseState = {
          machine: snapshot,
          wants: [
            ...state.wants.filter((want) => want !== answered),
            ...wants.filter((type) => type.includes('.wanted')),
          ].sort(),
          isLockHeld: (state.isLockHeld || event.type === 'lock.acquired') && event.type !== 'released',
          isRecovered: state.isRecovered || event.type === 'recovery.finished',
          isDrained: event.type === 'drained' ? !event.isGivenUp : state.isDrained,
          recoveries: state.recoveries + wants.filter((want) => want === 'recovery.wanted').length,
          isCloseRequested: state.isCloseRequested || event.type === 'close.requested',
        }
        yield { event, emitted, to, isFault: faults.includes(event.type) }
      }
    },
    bounds,
  )
}

/** What may happen next, with the want that it answers. An effect that is underway answers even when nobody waits any more. */
function* offers({
  wants,
  isLockHeld,
}: DatabaseState): Iterable<readonly [event: DatabaseEvent, answers: string | null]> {
  yield [{ type: 'open.requested' }, null]
  yield [{ type: 'close.requested' }, null]
  yield [{ type: 'actor.failed', code: 'DATABASE_FAILED' }, null]
  if (isLockHeld) yield [{ type: 'lease.lost' }, null]
  for (const want of wants) {
    if (want === 'lock.wanted') {
      yield [{ type: 'lock.acquired' }, want]
      yield [{ type: 'lock.refused', code: 'STORE_LOCKED' }, want]
    }
    if (want === 'recovery.wanted') {
      yield [{ type: 'recovery.finished' }, want]
      yield [{ type: 'recovery.failed', code: 'LOG_CORRUPT' }, want]
    }
    if (want === 'drain.wanted') for (const isGivenUp of [true, false]) yield [{ type: 'drained', isGivenUp }, want]
    if (want.startsWith('release.wanted')) yield [{ type: 'released' }, want]
    if (want === 'release.wanted true') yield [{ type: 'release.failed', code: 'STORAGE_FAILED' }, want]
  }
}

const wantsOf = (emitted: readonly { readonly type: string }[]) =>
  emitted.filter(({ type }) => type.endsWith('.wanted'))

export const databaseInvariants: Invariants<DatabaseState> = {
  'Leading begins only with the lock held and recovery finished': (walk) =>
    walk.always(({ to }) => {
      if (to.machine.value === 'leading') assert.ok(to.isLockHeld && to.isRecovered)
    }),
  'Recovery is wanted only after the lock was acquired, and once': (walk) =>
    walk.always(({ to, emitted }) => {
      if (emitted.some(({ type }) => type === 'recovery.wanted')) assert.ok(to.isLockHeld)
      assert.ok(to.recoveries <= 1)
    }),
  'What was acquired is released: closed and failed hold no lock': (walk) =>
    walk.always(({ to }) => {
      if (to.machine.status !== 'done') return
      assert.equal(to.isLockHeld, false)
      assert.ok(!to.wants.includes('lock.wanted'), 'a lock that is being waited for would be held by nobody')
    }),
  'A clean release is wanted only after a drain that was not given up': (walk) =>
    walk.always(({ to, emitted }) => {
      if (emitted.some((fact) => fact.type === 'release.wanted' && fact['isClean'] === true))
        assert.equal(to.isDrained, true)
    }),
  'After a failure nothing but an unclean release is wanted': (walk) =>
    walk.always(({ from, to, emitted }) => {
      const hasFailed = contextOf(to).code !== null
      if (!hasFailed) return
      for (const want of wantsOf(emitted)) assert.deepEqual(want, { type: 'release.wanted', isClean: false })
      if (contextOf(from).code !== null) assert.notEqual(to.machine.value, 'leading')
    }),
  'The status is told at each change of state, once': (walk) =>
    walk.always(({ from, to, emitted }) => {
      const told = emitted.flatMap((fact) => (fact.type === 'status.changed' ? [fact['status'] as unknown] : []))
      assert.deepEqual(told, from.machine.value === to.machine.value ? [] : [to.machine.value])
    }),
  'close.requested leads to closed or failed, and so does every failure': (walk) =>
    walk.leadsTo(
      (state) => state.isCloseRequested || contextOf(state).code !== null,
      ({ machine }) => machine.status === 'done',
    ),
}
