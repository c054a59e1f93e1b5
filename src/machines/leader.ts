/**
 * Who leads, as one member sees it: a page's worker, a process, a thread that has the database open with others.
 *
 *   idle ─open.requested→ seeking: asks for the lock, and who leads
 *   seeking ─leader.joined→ following ─leader.lost | leader.resigned→ seeking
 *   seeking, following ─lock.acquired→ acquiring ─reign.began→ leading
 *   seeking, following ─beat.missed too often while somebody waits→ steal.wanted: a silent leader is robbed where the medium fences
 *   acquiring, leading ─lease.lost→ fenced ─reign.ended→ seeking: it follows whoever took over
 *   leading ─close.requested→ resigning ─reign.ended→ closed        following ─close.requested→ leaving ─left→ closed
 *   resigning ─reign.failed→ failed, once what is held is let go
 *   leaving ─leader.lost | leader.resigned→ closed: nobody is left who would answer
 *   seeking ─close.requested→ closed      acquiring ─close.requested→ remembered until the reign has begun
 *   ─leader.refused, lock.refused, reign.failed→ failed, once what is held is let go
 *
 * Invariants, checked at every transition by test/model/machines/leader.test.ts:
 *   1. A reign is wanted only with the lock held, and at most one is underway.
 *   2. Leading begins only after a reign has begun, at an epoch above every one that was known here.
 *   3. The epoch never falls, and an older leader than was known is not followed.
 *   4. A leader is robbed only after missedMax silent beats in a row while somebody waited, and once for each silence. If that was
 *      refused, as many more silent beats are waited for, and it is tried again.
 *   5. While a reign is underway nobody else is followed: the connection is given up before the reign is wanted.
 *   6. closed and failed want nothing, hold no lock and follow nobody.
 *   7. A lease that was lost leads back to seeking, or to an end that was asked for; never back to leading without a new reign.
 *   8. close.requested leads to closed or failed.
 *   9. Once faults stop and the lock is free, an open member leads or follows.
 */
import { assign, emit, setup } from 'xstate'
import { assert } from '../assert.ts'
import { eventOf } from './event-of.ts'
import type * as Leader from './leader-types.ts'
import { failing, leave, lost, refused, resign, seekAfter, silence, takeLock } from './leader-wiring.ts'

export type * from './leader-types.ts'

type Role = Extract<Leader.LeaderEmitted, { type: 'role.changed' }>['role']

export const leaderMachine = setup({
  types: {
    context: {} as Leader.LeaderContext,
    events: {} as Leader.LeaderEvent,
    emitted: {} as Leader.LeaderEmitted,
    input: {} as Leader.LeaderInput,
  },
  guards: {
    isClosing: ({ context }) => context.isClosing,
    isOlder: ({ context }, { epoch }: { readonly epoch: number }) => epoch < context.epoch,
    isPatienceOver: ({ context }) =>
      context.isWaiting && !context.isStealAsked && context.missedCount + 1 >= context.missedMax,
  },
  actions: {
    recordMissed: assign(({ context }) => ({ missedCount: Math.min(context.missedCount + 1, context.missedMax) })),
    recordHeard: assign(({ context }) => ({
      missedCount: 0,
      isStealAsked: false,
      cause: context.cause === 'silent' ? 'gone' : context.cause,
    })),
    recordStealAsked: assign({ isStealAsked: true, cause: 'silent' }),
    recordRefusal: assign({ missedCount: 0, isStealAsked: false, cause: 'gone' }),
    recordWaiting: assign((_, { isWaiting }: { readonly isWaiting: boolean }) => ({ isWaiting })),
    recordClosing: assign({ isClosing: true }),
    recordCause: assign((_, { cause }: { readonly cause: Leader.Cause }) => ({ cause })),
    recordFailure: assign((_, { code }: { readonly code: NonNullable<Leader.LeaderContext['code']> }) => ({ code })),
    recordJoined: assign(({ context }, { epoch }: { readonly epoch: number }) => {
      assert(epoch >= context.epoch, 'a leader that is followed is none that was superseded')
      return { epoch, missedCount: 0, isStealAsked: false, cause: 'gone' }
    }),
    recordReign: assign(({ context }, { epoch }: { readonly epoch: number }) => {
      assert(epoch > context.epoch, 'a reign has an epoch above all that were known')
      return { epoch, missedCount: 0, isStealAsked: false }
    }),
    wantLock: emit({ type: 'lock.wanted' }),
    unwantLock: emit({ type: 'lock.unwanted' }),
    wantSteal: emit({ type: 'steal.wanted' }),
    wantLeader: emit({ type: 'leader.wanted' }),
    unwantLeader: emit({ type: 'leader.unwanted' }),
    wantReign: emit(({ context }) => ({ type: 'reign.wanted', cause: context.cause })),
    wantEnd: emit((_, { isClean }: { readonly isClean: boolean }) => ({ type: 'end.wanted', isClean })),
    wantLeave: emit({ type: 'leave.wanted' }),
    emitSilent: emit({ type: 'leader.silent' }),
    emitRole: emit(({ context }, { role }: { readonly role: Role }) => ({
      type: 'role.changed',
      role,
      epoch: context.epoch,
      code: context.code,
    })),
  },
}).createMachine({
  id: 'leader',
  context: ({ input }) => ({
    epoch: 0,
    missedCount: 0,
    missedMax: input.missedMax,
    isWaiting: false,
    isStealAsked: false,
    isClosing: false,
    cause: 'opened',
    code: null,
  }),
  initial: 'idle',
  on: { 'waiting.changed': { actions: { type: 'recordWaiting', params: eventOf } } },
  states: {
    idle: {
      on: {
        'open.requested': { target: 'seeking', actions: ['wantLock', 'wantLeader'] },
        'close.requested': 'closed',
      },
    },
    seeking: {
      entry: { type: 'emitRole', params: { role: 'seeking' } },
      on: {
        ...silence,
        'lock.acquired': takeLock,
        'leader.joined': [
          { guard: { type: 'isOlder', params: eventOf }, actions: ['unwantLeader', 'wantLeader'] },
          { target: 'following', actions: { type: 'recordJoined', params: eventOf } },
        ],
        'leader.refused': refused,
        'lock.refused': refused,
        'close.requested': { target: 'closed', actions: ['unwantLock', 'unwantLeader'] },
      },
    },
    following: {
      entry: { type: 'emitRole', params: { role: 'following' } },
      on: {
        ...silence,
        'lock.acquired': takeLock,
        'leader.lost': seekAfter('gone'),
        'leader.resigned': seekAfter('resigned'),
        'lock.refused': refused,
        'close.requested': { target: 'leaving', actions: ['unwantLock', 'wantLeave'] },
      },
    },
    acquiring: {
      entry: { type: 'emitRole', params: { role: 'acquiring' } },
      on: {
        'close.requested': { actions: 'recordClosing' },
        'reign.began': [
          {
            guard: 'isClosing',
            target: 'resigning',
            actions: [{ type: 'recordReign', params: eventOf }, ...resign.actions],
          },
          { target: 'leading', actions: { type: 'recordReign', params: eventOf } },
        ],
        'lease.lost': lost,
        'reign.failed': failing,
      },
    },
    leading: {
      entry: { type: 'emitRole', params: { role: 'leading' } },
      on: { 'close.requested': resign, 'lease.lost': lost, 'reign.failed': failing },
    },
    fenced: {
      entry: { type: 'emitRole', params: { role: 'seeking' } },
      on: {
        'close.requested': { actions: 'recordClosing' },
        'reign.ended': [
          { guard: 'isClosing', target: 'closed' },
          {
            target: 'seeking',
            actions: [{ type: 'recordCause', params: { cause: 'gone' } }, 'recordHeard', 'wantLock', 'wantLeader'],
          },
        ],
      },
    },
    resigning: {
      entry: { type: 'emitRole', params: { role: 'ending' } },
      on: {
        'reign.ended': 'closed',
        'reign.failed': { target: 'failing', actions: { type: 'recordFailure', params: eventOf } },
      },
    },
    leaving: {
      entry: { type: 'emitRole', params: { role: 'ending' } },
      on: { left: leave, 'leader.lost': leave, 'leader.resigned': leave },
    },
    failing: {
      entry: { type: 'emitRole', params: { role: 'ending' } },
      on: { 'reign.ended': 'failed' },
    },
    closed: { type: 'final', entry: { type: 'emitRole', params: { role: 'closed' } } },
    failed: { type: 'final', entry: { type: 'emitRole', params: { role: 'failed' } } },
  },
})
