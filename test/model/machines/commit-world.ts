/**
 * The world around the commit machine: a caller with at most one group underway, a medium that answers each want or fails, a rival
 * that may take over at any time. Bounds: transactions up to TXID_MAX, epochs up to EPOCH_MAX, groups of one or two.
 */
import assert from 'node:assert/strict'
import type { AnyMachineSnapshot } from 'xstate'
import {
  type CommitContext,
  type CommitEmitted,
  type CommitEvent,
  commitMachine,
} from '../../../src/machines/commit.ts'
import { type Bounds, explore, type Move, send, start, type Step, type Walk } from '../explore.ts'
import type { Invariants } from './invariants.ts'

export const TXID_MAX = 5
export const EPOCH_MAX = 4

interface Underway {
  readonly firstTxid: number
  readonly lastTxid: number
  readonly needsBarrier: boolean
  readonly verifyAfterWrite: boolean
  /** Answers of the medium since it was requested. */
  readonly answers: readonly string[]
}

export interface CommitState {
  readonly machine: AnyMachineSnapshot
  /** Wants that were not answered yet. */
  readonly wants: readonly string[]
  readonly group: Underway | null
  /** Something of unknown outcome is not void yet. */
  readonly isVoidOwed: boolean
}

export const contextOf = ({ machine }: CommitState): CommitContext => machine.context as CommitContext

const isFault = ({ type }: CommitEvent): boolean =>
  ['outcome.unknown', 'record.refused', 'readback.mismatched', 'void.failed', 'epoch.superseded'].includes(type)

const endings = ['commit.committed', 'commit.refused', 'commit.rolledBack', 'commit.fenced']
const isEnding = ({ type }: { readonly type: string }): boolean => endings.includes(type)

export function walkCommit(machine: typeof commitMachine = commitMachine, bounds: Bounds = {}): Walk<CommitState> {
  const first = start(machine, { epoch: 1, writtenTxid: 0, durableTxid: 0 })
  const initial: CommitState = { machine: first.snapshot, wants: [], group: null, isVoidOwed: false }
  return explore(
    initial,
    function* (state): Iterable<Move<CommitState>> {
      if (state.machine.status !== 'active') return
      for (const event of offers(state)) {
        const { snapshot, emitted } = send(machine, state.machine, event)
        yield { event, emitted, to: worldAfter(state, event, { snapshot, emitted }), isFault: isFault(event) }
      }
    },
    bounds,
  )
}

/** What may happen next. */
function* offers(state: CommitState): Iterable<CommitEvent> {
  const { writtenTxid, epoch } = contextOf(state)
  yield { type: 'epoch.superseded' }
  yield { type: 'void.retry.requested' }
  if (state.group === null) {
    yield { type: 'barrier.requested' }
    for (const lastTxid of [writtenTxid + 1, writtenTxid + 2]) {
      for (const needsBarrier of lastTxid <= TXID_MAX ? [true, false] : []) {
        for (const verifyAfterWrite of [true, false]) {
          yield { type: 'commit.requested', firstTxid: writtenTxid + 1, lastTxid, needsBarrier, verifyAfterWrite }
        }
      }
    }
  }
  for (const want of state.wants) yield* answersTo(want, { state, epoch })
}

function* answersTo(want: string, { state, epoch }: { state: CommitState; epoch: number }): Iterable<CommitEvent> {
  if (want === 'void.wanted') {
    yield { type: 'void.failed' }
    yield { type: 'void.recorded', epoch: epoch + 1 }
    const { writtenTxid, durableTxid } = contextOf(state)
    for (let lostFrom = durableTxid + 1; lostFrom <= writtenTxid; lostFrom++) {
      yield { type: 'void.recorded', epoch: epoch + 1, lostFrom, lostTo: writtenTxid }
    }
    return
  }
  const mayFail = epoch < EPOCH_MAX
  if (mayFail) yield { type: 'outcome.unknown' }
  if (want === 'write.wanted') yield* [{ type: 'record.written' }, { type: 'record.refused' }] as const
  if (want === 'barrier.wanted') yield { type: 'barrier.passed' }
  if (want === 'readback.wanted') yield { type: 'readback.matched' }
  if (want === 'readback.wanted' && mayFail) yield { type: 'readback.mismatched' }
  if (want === 'confirmation.wanted') yield { type: 'epoch.confirmed' }
}

const answers = /^(record|barrier\.passed|readback|epoch\.confirmed|outcome|void\.(recorded|failed))/

function worldAfter(
  state: CommitState,
  event: CommitEvent,
  { snapshot, emitted }: { snapshot: AnyMachineSnapshot; emitted: readonly CommitEmitted[] },
): CommitState {
  const isAnswer = answers.test(event.type)
  const wants = [
    ...(isAnswer ? state.wants.slice(1) : state.wants),
    ...emitted.map(({ type }) => type).filter((type) => type.endsWith('.wanted')),
  ]
  const isDoubt = event.type === 'outcome.unknown' || event.type === 'readback.mismatched'
  return {
    machine: snapshot,
    wants,
    group: emitted.some(isEnding) ? null : underwayAfter(state, event, isAnswer),
    isVoidOwed: (state.isVoidOwed || isDoubt) && event.type !== 'void.recorded',
  }
}

function underwayAfter(state: CommitState, event: CommitEvent, isAnswer: boolean): Underway | null {
  const { writtenTxid } = contextOf(state)
  const empty = { firstTxid: writtenTxid + 1, lastTxid: writtenTxid, needsBarrier: true, verifyAfterWrite: false }
  if (event.type === 'barrier.requested') return { ...empty, answers: [] }
  if (event.type === 'commit.requested') {
    const { firstTxid, lastTxid, needsBarrier, verifyAfterWrite } = event
    return { firstTxid, lastTxid, needsBarrier, verifyAfterWrite, answers: [] }
  }
  if (state.group === null || !isAnswer) return state.group
  return { ...state.group, answers: [...state.group.answers, event.type] }
}

const ended = ({ emitted }: Step<CommitState>, type: string) => emitted.filter((fact) => fact.type === type)
const isEmpty = ({ firstTxid, lastTxid }: { firstTxid: number; lastTxid: number }): boolean => lastTxid < firstTxid

/** The header's, by the same words. */
export const commitInvariants: Invariants<CommitState> = {
  'A group that needs a barrier is committed only after its record, its barrier, its readback if asked for, and its epoch':
    (walk) =>
      walk.always((step) => {
        const { group } = step.from
        if (group === null || isEmpty(group) || ended(step, 'commit.committed').length === 0) return
        const done = [...group.answers, step.event.type].filter((type) => type !== 'void.recorded')
        const owed = [
          'record.written',
          ...(group.needsBarrier ? ['barrier.passed'] : []),
          ...(group.verifyAfterWrite ? ['readback.matched'] : []),
          'epoch.confirmed',
        ]
        assert.deepEqual(done, owed)
      }),
  'durableTxid ≤ writtenTxid; neither falls within an epoch': (walk) =>
    walk.always(({ from, to }) => {
      const [before, after] = [contextOf(from), contextOf(to)]
      assert.ok(after.durableTxid <= after.writtenTxid)
      assert.ok(after.durableTxid >= before.durableTxid, 'what is durable stays')
      assert.ok(after.epoch > before.epoch || after.writtenTxid >= before.writtenTxid, 'what is written stays')
    }),
  'A barrier that failed is never asked for again for the same group': (walk) =>
    walk.always(({ from, event, to, emitted }) => {
      const hasFailed = from.wants[0] === 'barrier.wanted' && event.type === 'outcome.unknown'
      if (!hasFailed) return
      assert.ok(!emitted.some(({ type }) => type === 'barrier.wanted'))
      assert.deepEqual(to.wants, ['void.wanted'])
    }),
  'A group ends at most once: committed, refused, rolled back or fenced': (walk) =>
    walk.always((step) => {
      const facts = step.emitted.filter(isEnding)
      assert.ok(facts.length <= 1)
      const fact = facts[0] as { readonly firstTxid: number; readonly lastTxid: number } | undefined
      if (fact === undefined) return
      const { group } = step.from
      if (group === null) assert.ok(isEmpty(fact) || step.to.machine.status === 'done', 'no group was underway')
      else if (step.to.machine.status === 'active') assert.equal(fact.lastTxid, group.lastTxid)
    }),
  'Every group ends, once the medium works': (walk) =>
    walk.leadsTo(
      ({ group }) => group !== null,
      ({ group }) => group === null,
    ),
  'Nothing is written while a void is owed': (walk) =>
    walk.always(({ to, emitted }) => {
      if (to.isVoidOwed)
        assert.ok(!emitted.some(({ type }) => /^(write|barrier|confirmation)\.wanted|committed/.test(type)))
    }),
  'At most one want is unanswered': (walk) => walk.always(({ to }) => assert.ok(to.wants.length <= 1)),
  'Once fenced, nothing is wanted and nothing is committed': (walk) =>
    walk.always(({ event, to, emitted }) => {
      if (event.type !== 'epoch.superseded') return
      assert.equal(to.machine.value, 'fenced')
      assert.deepEqual(
        emitted.map(({ type }) => type),
        ['commit.fenced'],
      )
    }),
}
