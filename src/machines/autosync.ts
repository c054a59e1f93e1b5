/**
 * Autosync decides when sealed transactions are made durable. Time comes in with events; nothing here waits.
 *
 *   idle ─transactions.sealed→ debouncing (the policy can wait: sync-policy.ts) | flushing (somebody waits)
 *   debouncing ─woke, due | flush.requested | transactions.sealed, urgent or over a threshold→ flushing
 *   flushing ─flush.succeeded→ idle | debouncing | flushing again     ─flush.failed→ idle: the group was rejected
 *   flushing ─flush.refused→ backingOff ─woke, due→ flushing, the same group
 *   any ─drain.requested→ draining: flushing ⇄ backingOff until nothing is behind, or given up → closed
 *
 * Invariants, checked at every transition by test/model/machines/autosync.test.ts:
 *   1. durableTxid ≤ writtenTxid ≤ sealedTxid, and none falls except by flush.failed.
 *   2. In `idle`, nothing is behind: durableTxid = sealedTxid.
 *   3. At most one flush is in flight.
 *   4. In `debouncing` and `backingOff` a wake is wanted.
 *   5. In `debouncing` the wake is no later than maxWaitMs after the oldest transaction that is not durable was sealed.
 *   6. Backpressure is reported at its edges only: high at highBytes, normal below normalBytes.
 *   7. Drained without giving up means that nothing is behind; giving up takes drainFailuresMax failures in a row.
 */
import { assign, emit, enqueueActions, setup } from 'xstate'
import { limits } from '../limits.ts'
import {
  afterFailed,
  afterFlushed,
  afterSealed,
  afterWanted,
  initialContext,
  isBehind,
  isHighAfter,
} from './autosync-context.ts'
import type * as Autosync from './autosync-types.ts'
import { backoffMs, type Dirtiness, dueAtMs, dueTrigger, isThresholdPassed } from './sync-policy.ts'

export type * from './autosync-types.ts'
export type { AutosyncPolicy } from './sync-policy.ts'

export const autosyncMachine = setup({
  types: {
    context: {} as Autosync.AutosyncContext,
    events: {} as Autosync.AutosyncEvent,
    emitted: {} as Autosync.AutosyncEmitted,
    input: {} as Autosync.AutosyncInput,
  },
  guards: {
    isBehind: ({ context }) => isBehind(context),
    isUrgent: (_, { urgency }: { readonly urgency: Autosync.Urgency }) => urgency === 'now',
    isRequested: ({ context }) => context.isRequested,
    isOverThreshold: ({ context }, dirtiness: Dirtiness) => isThresholdPassed(context.policy, dirtiness),
    isDue: ({ context }, { atMs }: Autosync.At) => dueAtMs(context.policy, context) <= atMs,
    isRetryDue: ({ context }, { atMs }: Autosync.At) => context.wakeAtMs !== null && context.wakeAtMs <= atMs,
    isCaughtUp: ({ context }, { durableTxid }: { readonly durableTxid: number }) => durableTxid === context.sealedTxid,
    isSafe: (_, failed: Autosync.FlushFailed) => failed.durableTxid === failed.sealedTxid,
    isLastFailure: ({ context }) => context.failureCount + 1 >= limits.drainFailuresMax,
  },
  actions: {
    recordSealed: assign(({ context }, sealed: Autosync.TransactionsSealed) => afterSealed(context, sealed)),
    recordFlushed: assign(({ context }, flushed: Autosync.FlushSucceeded) => afterFlushed(context, flushed)),
    recordFailed: assign(({ context }, failed: Autosync.FlushFailed) => afterFailed(context, failed)),
    recordRefused: assign({ failureCount: ({ context }) => context.failureCount + 1 }),
    recordRequested: assign({ isRequested: true }),
    recordWoke: assign({ wakeAtMs: null }),
    recordDraining: assign({ failureCount: 0, isRequested: false }),
    recordGivenUp: assign({ isGivenUp: true }),
    wantFlush: enqueueActions(({ context, enqueue }, { trigger }: { readonly trigger: Autosync.FlushTrigger }) => {
      const needsBarrier = trigger !== 'urgent'
      enqueue.assign(afterWanted(context, { needsBarrier }))
      enqueue.emit({ type: 'flush.wanted', trigger, needsBarrier })
    }),
    wantDueFlush: enqueueActions(({ context, enqueue }, { atMs }: Autosync.At) => {
      enqueue.assign(afterWanted(context, { needsBarrier: true }))
      enqueue.emit({ type: 'flush.wanted', trigger: dueTrigger(context.policy, context, atMs), needsBarrier: true })
    }),
    /** The same group again. */
    wantFlushAgain: emit((_, { trigger }: { readonly trigger: 'retry' | 'drain' }) => ({
      type: 'flush.wanted',
      trigger,
      needsBarrier: true,
    })),
    /** A wake that comes earlier than needed is kept: it looks at the clock and asks again. */
    wantWake: enqueueActions(({ context, enqueue }) => {
      const atMs = dueAtMs(context.policy, context)
      if (context.wakeAtMs !== null && context.wakeAtMs <= atMs) return
      enqueue.assign({ wakeAtMs: atMs })
      enqueue.emit({ type: 'wake.wanted', atMs })
    }),
    wantRetry: enqueueActions(({ context, enqueue }, refused: Autosync.At) => {
      const atMs = refused.atMs + backoffMs(context.failureCount)
      enqueue.assign({ wakeAtMs: atMs })
      enqueue.emit({ type: 'wake.wanted', atMs })
    }),
    emitBackpressure: enqueueActions(({ context, enqueue }) => {
      const isHigh = isHighAfter(context)
      if (isHigh === context.isHigh) return
      enqueue.assign({ isHigh })
      enqueue.emit({ type: 'backpressure.changed', isHigh })
    }),
    emitDrained: enqueueActions(({ context, enqueue }) => {
      if (context.wakeAtMs !== null) enqueue.emit({ type: 'wake.wanted', atMs: null })
      enqueue.emit({ type: 'drained', isGivenUp: context.isGivenUp })
    }),
  },
}).createMachine({
  id: 'autosync',
  context: ({ input }) => initialContext(input),
  initial: 'idle',
  on: {
    'transactions.sealed': { actions: [{ type: 'recordSealed', params: ({ event }) => event }, 'emitBackpressure'] },
    'flush.requested': { actions: 'recordRequested' },
    woke: { actions: 'recordWoke' },
  },
  states: {
    idle: {
      on: {
        'transactions.sealed': [
          {
            guard: { type: 'isUrgent', params: ({ event }) => event },
            target: 'flushing',
            actions: [
              { type: 'recordSealed', params: ({ event }) => event },
              'emitBackpressure',
              { type: 'wantFlush', params: { trigger: 'urgent' } },
            ],
          },
          {
            guard: { type: 'isOverThreshold', params: ({ event }) => event },
            target: 'flushing',
            actions: [
              { type: 'recordSealed', params: ({ event }) => event },
              'emitBackpressure',
              { type: 'wantFlush', params: { trigger: 'threshold' } },
            ],
          },
          {
            target: 'debouncing',
            actions: [{ type: 'recordSealed', params: ({ event }) => event }, 'emitBackpressure', 'wantWake'],
          },
        ],
        'flush.requested': {},
        'drain.requested': { target: 'closed' },
      },
    },
    debouncing: {
      on: {
        'transactions.sealed': [
          {
            guard: { type: 'isUrgent', params: ({ event }) => event },
            target: 'flushing',
            actions: [
              { type: 'recordSealed', params: ({ event }) => event },
              'emitBackpressure',
              { type: 'wantFlush', params: { trigger: 'urgent' } },
            ],
          },
          {
            guard: { type: 'isOverThreshold', params: ({ event }) => event },
            target: 'flushing',
            actions: [
              { type: 'recordSealed', params: ({ event }) => event },
              'emitBackpressure',
              { type: 'wantFlush', params: { trigger: 'threshold' } },
            ],
          },
          {
            target: 'debouncing',
            actions: [{ type: 'recordSealed', params: ({ event }) => event }, 'emitBackpressure', 'wantWake'],
          },
        ],
        'flush.requested': { target: 'flushing', actions: { type: 'wantFlush', params: { trigger: 'requested' } } },
        woke: [
          {
            guard: { type: 'isDue', params: ({ event }) => event },
            target: 'flushing',
            actions: ['recordWoke', { type: 'wantDueFlush', params: ({ event }) => event }],
          },
          { actions: ['recordWoke', 'wantWake'] },
        ],
        'drain.requested': { target: 'draining', actions: { type: 'wantFlush', params: { trigger: 'drain' } } },
      },
    },
    flushing: {
      on: {
        'flush.succeeded': [
          {
            guard: { type: 'isCaughtUp', params: ({ event }) => event },
            target: 'idle',
            actions: [{ type: 'recordFlushed', params: ({ event }) => event }, 'emitBackpressure'],
          },
          {
            guard: 'isRequested',
            actions: [
              { type: 'recordFlushed', params: ({ event }) => event },
              'emitBackpressure',
              { type: 'wantFlush', params: { trigger: 'requested' } },
            ],
          },
          {
            guard: { type: 'isUrgent', params: ({ event }) => event },
            actions: [
              { type: 'recordFlushed', params: ({ event }) => event },
              'emitBackpressure',
              { type: 'wantFlush', params: { trigger: 'urgent' } },
            ],
          },
          {
            guard: { type: 'isOverThreshold', params: ({ event }) => event },
            actions: [
              { type: 'recordFlushed', params: ({ event }) => event },
              'emitBackpressure',
              { type: 'wantFlush', params: { trigger: 'threshold' } },
            ],
          },
          {
            target: 'debouncing',
            actions: [{ type: 'recordFlushed', params: ({ event }) => event }, 'emitBackpressure', 'wantWake'],
          },
        ],
        'flush.refused': {
          target: 'backingOff',
          actions: ['recordRefused', { type: 'wantRetry', params: ({ event }) => event }],
        },
        'flush.failed': [
          {
            guard: { type: 'isSafe', params: ({ event }) => event },
            target: 'idle',
            actions: [{ type: 'recordFailed', params: ({ event }) => event }, 'emitBackpressure'],
          },
          {
            target: 'debouncing',
            actions: [{ type: 'recordFailed', params: ({ event }) => event }, 'emitBackpressure', 'wantWake'],
          },
        ],
        'drain.requested': { target: 'draining', actions: 'recordDraining' },
      },
    },
    backingOff: {
      on: {
        woke: {
          guard: { type: 'isRetryDue', params: ({ event }) => event },
          target: 'flushing',
          actions: ['recordWoke', { type: 'wantFlushAgain', params: { trigger: 'retry' } }],
        },
        'drain.requested': {
          target: 'draining',
          actions: ['recordDraining', { type: 'wantFlushAgain', params: { trigger: 'drain' } }],
        },
      },
    },
    draining: {
      initial: 'flushing',
      states: {
        flushing: {
          on: {
            'flush.succeeded': [
              {
                guard: { type: 'isCaughtUp', params: ({ event }) => event },
                target: '#autosync.closed',
                actions: { type: 'recordFlushed', params: ({ event }) => event },
              },
              {
                actions: [
                  { type: 'recordFlushed', params: ({ event }) => event },
                  { type: 'wantFlush', params: { trigger: 'drain' } },
                ],
              },
            ],
            'flush.refused': [
              { guard: 'isLastFailure', target: '#autosync.closed', actions: ['recordRefused', 'recordGivenUp'] },
              { target: 'backingOff', actions: ['recordRefused', { type: 'wantRetry', params: ({ event }) => event }] },
            ],
            'flush.failed': [
              {
                guard: { type: 'isSafe', params: ({ event }) => event },
                target: '#autosync.closed',
                actions: { type: 'recordFailed', params: ({ event }) => event },
              },
              {
                guard: 'isLastFailure',
                target: '#autosync.closed',
                actions: [{ type: 'recordFailed', params: ({ event }) => event }, 'recordGivenUp'],
              },
              {
                actions: [
                  { type: 'recordFailed', params: ({ event }) => event },
                  { type: 'wantFlush', params: { trigger: 'drain' } },
                ],
              },
            ],
          },
        },
        backingOff: {
          on: {
            woke: {
              guard: { type: 'isRetryDue', params: ({ event }) => event },
              target: 'flushing',
              actions: ['recordWoke', { type: 'wantFlushAgain', params: { trigger: 'retry' } }],
            },
          },
        },
      },
    },
    closed: { type: 'final', entry: 'emitDrained' },
  },
})
