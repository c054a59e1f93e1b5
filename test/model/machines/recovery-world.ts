/**
 * The world around the recovery machine: a session that answers each step with everything it could find, or fails it with a code.
 * One walk holds every policy.
 */
import assert from 'node:assert/strict'
import type { AnyMachineSnapshot } from 'xstate'
import {
  type RecoveryContext,
  type RecoveryEvent,
  type RecoveryInput,
  recoveryMachine,
  type RecoveryStep,
} from '../../../src/machines/recovery.ts'
import { type Bounds, explore, type Move, send, start, type Walk } from '../explore.ts'
import type { Invariants } from './invariants.ts'

export interface RecoveryState {
  /** Null before the policy is chosen. */
  readonly machine: AnyMachineSnapshot | null
  readonly wants: readonly string[]
  /** Everything that was wanted, in order. */
  readonly wanted: readonly string[]
  readonly finished: readonly string[]
  readonly endings: number
}

const policies: readonly RecoveryInput[] = (['full', 'sample', 'none'] as const).flatMap((verify) =>
  (['fail', 'report', 'repair'] as const).map((onCorruption) => ({ verify, onCorruption })),
)

const order: readonly RecoveryStep[] = ['epoch', 'scan', 'plan', 'execution', 'reconcile', 'verify', 'repair']

const contextOf = (machine: AnyMachineSnapshot): RecoveryContext => machine.context as RecoveryContext

export function walkRecovery(
  machine: typeof recoveryMachine = recoveryMachine,
  bounds: Bounds = {},
): Walk<RecoveryState> {
  const initial: RecoveryState = { machine: null, wants: [], wanted: [], finished: [], endings: 0 }
  return explore(
    initial,
    function* (state): Iterable<Move<RecoveryState>> {
      if (state.machine === null) {
        for (const policy of policies) {
          const { snapshot, emitted } = start(machine, policy)
          yield { event: { type: 'policy.chosen', policy }, emitted, to: { ...state, machine: snapshot } }
        }
        return
      }
      if (state.machine.status !== 'active') return
      for (const event of offers(state)) {
        const { snapshot, emitted } = send(machine, state.machine, event)
        const wants = emitted.map(({ type }) => type).filter((type) => type.endsWith('.wanted'))
        const to: RecoveryState = {
          machine: snapshot,
          wants: [...state.wants.slice(1), ...wants],
          wanted: [...state.wanted, ...wants],
          finished: event.type === 'recovery.requested' ? [] : [...state.finished, event.type],
          endings: state.endings + emitted.filter(({ type }) => type.startsWith('recovery.')).length,
        }
        yield { event, emitted, to, isFault: event.type === 'step.failed' }
      }
    },
    bounds,
  )
}

function* offers({ machine, wants }: RecoveryState): Iterable<RecoveryEvent> {
  if (machine?.value === 'idle') return yield { type: 'recovery.requested' }
  const want = wants[0]
  if (want === undefined) return
  for (const code of ['STORAGE_FAILED', 'LOG_CORRUPT'] as const) yield { type: 'step.failed', code }
  if (want === 'epoch.wanted') yield { type: 'epoch.raised', epoch: 2 }
  if (want === 'scan.wanted') {
    for (const isCorrupt of [true, false]) {
      for (const tornBytes of [0, 4096]) yield { type: 'scan.finished', records: 1, tornBytes, isCorrupt }
    }
  }
  if (want === 'plan.wanted') for (const isRollback of [true, false]) yield { type: 'plan.decided', isRollback }
  if (want === 'execution.wanted') yield { type: 'execution.finished' }
  if (want === 'reconcile.wanted') yield { type: 'reconcile.finished' }
  if (want === 'verify.wanted') for (const damagedCount of [0, 2]) yield { type: 'verify.finished', damagedCount }
  if (want === 'repair.wanted') for (const unrepairedCount of [0, 1]) yield { type: 'repair.finished', unrepairedCount }
}

export const recoveryInvariants: Invariants<RecoveryState> = {
  'Nothing is scanned before the epoch is raised': (walk) =>
    walk.always(({ to }) => {
      if (to.wanted.includes('scan.wanted')) assert.ok(to.finished.includes('epoch.raised'))
    }),
  'Each step is wanted at most once, in order, after the step before it has finished': (walk) =>
    walk.always(({ to }) => {
      const positions = to.wanted.map((want) => order.findIndex((step) => want === `${step}.wanted`))
      positions.forEach((position, i) => assert.ok(i === 0 || position > (positions[i - 1] ?? -1), to.wanted.join()))
      assert.ok(to.wants.length <= 1, 'one step at a time')
    }),
  "With onCorruption 'fail', recovered means that no damage was found": (walk) =>
    walk.always(({ to }) => {
      if (to.machine?.value !== 'recovered') return
      const { onCorruption, isCorrupt, damagedCount } = contextOf(to.machine)
      if (onCorruption === 'fail') assert.deepEqual({ isCorrupt, damagedCount }, { isCorrupt: false, damagedCount: 0 })
    }),
  "Nothing is repaired unless onCorruption is 'repair' and damage was found": (walk) =>
    walk.always(({ to, emitted }) => {
      if (to.machine === null || !emitted.some(({ type }) => type === 'repair.wanted')) return
      const { onCorruption, isCorrupt, damagedCount } = contextOf(to.machine)
      assert.equal(onCorruption, 'repair')
      assert.ok(isCorrupt || damagedCount > 0)
    }),
  "With onCorruption 'repair', damage that was found is never left without a repair": (walk) =>
    walk.always(({ to }) => {
      if (to.machine?.value !== 'recovered') return
      const { onCorruption, isCorrupt, damagedCount } = contextOf(to.machine)
      if (onCorruption === 'repair' && (isCorrupt || damagedCount > 0))
        assert.ok(to.finished.includes('repair.finished'))
    }),
  'It ends in exactly one of recovery.finished and recovery.failed': (walk) => {
    walk.always(({ to }) => assert.equal(to.endings, to.machine?.status === 'done' ? 1 : 0))
    walk.leadsTo(
      () => true,
      ({ machine }) => machine?.status === 'done',
    )
  },
}
