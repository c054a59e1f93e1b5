/**
 * Autosync decides when sealed transactions are made durable. Time comes in with events; nothing here waits.
 *
 *   idle ─transactions.sealed→ debouncing (the policy can wait: sync-policy.ts) | flushing (somebody waits)
 *   debouncing ─woke, due | flush.requested | transactions.sealed, urgent or over a threshold→ flushing
 *   flushing ─flush.succeeded→ idle | debouncing | flushing again     ─flush.failed→ idle: the group was rejected
 *   flushing ─flush.refused→ backingOff ─woke, due→ flushing, the same group
 *   idle, debouncing, flushing, backingOff ─drain.requested→ draining: flushing ⇄ backingOff until nothing is behind, or given up → closed
 *
 * A fact that moves dirtyBytes over a watermark is told as backpressure first, then decided like any other.
 *
 * Invariants, checked at every transition by test/model/machines/autosync.test.ts:
 *   1. durableTxid ≤ writtenTxid ≤ sealedTxid, and none falls except by flush.failed.
 *   2. In `idle`, nothing is behind: durableTxid = sealedTxid.
 *   3. At most one flush is in flight.
 *   4. In `debouncing` and `backingOff` a wake is wanted.
 *   5. In `debouncing` the wake is no later than maxWaitMs after the oldest transaction that is not durable was sealed.
 *   6. While somebody waits, a flush is in flight or a refused one is to be retried.
 *   7. Backpressure is reported at its edges only: high at highBytes, normal below normalBytes.
 *   8. Drained without giving up means that nothing is behind; giving up takes drainFailuresMax failures in a row.
 *   9. A flush that was refused is not asked for again before its backoff, except by a drain.
 *  10. Whatever is behind becomes durable once the medium works.
 *  11. A drain leads to closed.
 */
import { assign, emit, enqueueActions, raise, setup } from 'xstate'
import { limits } from '../limits.ts'
import {
  afterFailed,
  afterFlushed,
  afterSealed,
  afterWanted,
  initialContext,
  isBehind,
  isEdge,
} from './autosync-context.ts'
import type { Wants } from './autosync-context.ts'
import type * as Autosync from './autosync-types.ts'
import {
  edge,
  edgeOfFailure,
  recordFailed,
  recordFlushed,
  recordSealed,
  refuse,
  sealedWhileWaiting,
  wantFlush,
} from './autosync-wiring.ts'
import { eventOf } from './event-of.ts'
import { backoffMs, type Dirtiness, dueAtMs, dueTrigger, isThresholdPassed } from './sync-policy.ts'

export type * from './autosync-types.ts'
export type { AutosyncPolicy } from './sync-policy.ts'

type Sealed = { readonly sealed: Autosync.TransactionsSealed; readonly wants: Wants }
type Flushed = { readonly flushed: Autosync.FlushSucceeded; readonly wants: Wants }
type Pressing = Autosync.TransactionsSealed | Autosync.FlushSucceeded

export const autosyncMachine = setup({
  types: {
    context: {} as Autosync.AutosyncContext,
    events: {} as Autosync.AutosyncEvent,
    emitted: {} as Autosync.AutosyncEmitted,
    input: {} as Autosync.AutosyncInput,
  },
  guards: {
    isBehind: ({ context }) => isBehind(context),
    isEdge: ({ context }, { dirtyBytes }: { readonly dirtyBytes: number }) => isEdge(context, dirtyBytes),
    isUrgent: (_, { urgency }: { readonly urgency: Autosync.Urgency }) => urgency === 'now',
    isDurable: ({ context }, sealed: Autosync.TransactionsSealed) => sealed.sealedTxid <= context.durableTxid,
    isRequested: ({ context }) => context.isRequested,
    isOverThreshold: ({ context }, dirtiness: Dirtiness) => isThresholdPassed(context.policy, dirtiness),
    isDue: ({ context }, { atMs }: Autosync.At) => dueAtMs(context.policy, context) <= atMs,
    isRetryDue: ({ context }, { atMs }: Autosync.At) => context.wakeAtMs !== null && context.wakeAtMs <= atMs,
    isCaughtUp: ({ context }, { durableTxid }: { readonly durableTxid: number }) => durableTxid >= context.sealedTxid,
    isWhole: (_, failed: Autosync.FlushFailed) => failed.durableTxid === failed.sealedTxid,
    isLastFailure: ({ context }) => context.failureCount + 1 >= limits.drainFailuresMax,
  },
  actions: {
    recordSealed: assign(({ context }, { sealed, wants }: Sealed) => afterSealed(context, sealed, wants)),
    recordFlushed: assign(({ context }, { flushed, wants }: Flushed) => afterFlushed(context, flushed, wants)),
    recordFailed: assign(({ context }, failed: Autosync.FlushFailed) => afterFailed(context, failed)),
    recordWanted: assign(({ context }) => afterWanted(context)),
    recordRefused: assign({ failureCount: ({ context }) => context.failureCount + 1 }),
    recordRequested: assign({ isRequested: true }),
    recordWoke: assign({ wakeAtMs: null }),
    recordDraining: assign({ failureCount: 0 }),
    recordGivenUp: assign({ isGivenUp: true }),
    recordEdge: assign({ isHigh: ({ context }) => !context.isHigh }),
    emitEdge: emit(({ context }) => ({ type: 'backpressure.changed', isHigh: context.isHigh })),
    decideAgain: raise((_, event: Pressing | Autosync.FlushFailed) => event),
    wantFlush: emit((_, { trigger }: { readonly trigger: Autosync.FlushTrigger }) => ({
      type: 'flush.wanted',
      trigger,
      needsBarrier: trigger !== 'urgent',
    })),
    wantDueFlush: emit(({ context }, { atMs }: Autosync.At) => ({
      type: 'flush.wanted',
      trigger: dueTrigger(context.policy, context, atMs),
      needsBarrier: true,
    })),
    /** A wake that comes earlier than needed is kept: it looks at the clock and asks again. */
    wantWake: enqueueActions(({ context, enqueue }) => {
      const atMs = dueAtMs(context.policy, context)
      if (context.wakeAtMs !== null && context.wakeAtMs <= atMs) return
      enqueue.assign({ wakeAtMs: atMs })
      enqueue.emit({ type: 'wake.wanted', atMs })
    }),
    recordRetry: assign(({ context }, refused: Autosync.At) => ({
      wakeAtMs: refused.atMs + backoffMs(context.failureCount),
    })),
    wantRetry: emit(({ context }) => ({ type: 'wake.wanted', atMs: context.wakeAtMs })),
    emitDrained: emit(({ context }) => ({ type: 'drained', isGivenUp: context.isGivenUp })),
    cancelWake: emit({ type: 'wake.wanted', atMs: null }),
  },
}).createMachine({
  id: 'autosync',
  context: ({ input }) => initialContext(input),
  initial: 'idle',
  on: {
    'transactions.sealed': [edge, { actions: recordSealed() }],
    'flush.requested': { guard: 'isBehind', actions: 'recordRequested' },
    woke: { actions: 'recordWoke' },
  },
  states: {
    idle: { on: { 'transactions.sealed': sealedWhileWaiting, 'drain.requested': 'closed' } },
    debouncing: {
      on: {
        'transactions.sealed': sealedWhileWaiting,
        'flush.requested': { target: 'flushing', actions: ['recordWanted', wantFlush('requested')] },
        woke: [
          {
            guard: { type: 'isDue', params: eventOf },
            target: 'flushing',
            actions: ['recordWoke', 'recordWanted', { type: 'wantDueFlush', params: eventOf }],
          },
          { actions: ['recordWoke', 'wantWake'] },
        ],
        'drain.requested': { target: 'draining', actions: ['recordDraining', 'recordWanted', wantFlush('drain')] },
      },
    },
    flushing: {
      on: {
        'flush.succeeded': [
          edge,
          { guard: { type: 'isCaughtUp', params: eventOf }, target: 'idle', actions: recordFlushed() },
          { guard: 'isRequested', actions: [recordFlushed('barrier'), wantFlush('requested')] },
          {
            guard: { type: 'isUrgent', params: eventOf },
            actions: [recordFlushed('levels'), wantFlush('urgent')],
          },
          {
            guard: { type: 'isOverThreshold', params: eventOf },
            actions: [recordFlushed('barrier'), wantFlush('threshold')],
          },
          { target: 'debouncing', actions: [recordFlushed(), 'wantWake'] },
        ],
        'flush.refused': { target: 'backingOff', actions: refuse },
        'flush.failed': [
          edgeOfFailure,
          { guard: { type: 'isWhole', params: eventOf }, target: 'idle', actions: recordFailed },
          { target: 'debouncing', actions: [recordFailed, 'wantWake'] },
        ],
        'drain.requested': { target: 'draining', actions: 'recordDraining' },
      },
    },
    backingOff: {
      on: {
        woke: [
          {
            guard: { type: 'isRetryDue', params: eventOf },
            target: 'flushing',
            actions: ['recordWoke', wantFlush('retry')],
          },
          { actions: 'wantRetry' },
        ],
        'drain.requested': { target: 'draining', actions: ['recordDraining', wantFlush('drain')] },
      },
    },
    draining: {
      initial: 'flushing',
      states: {
        flushing: {
          on: {
            'flush.succeeded': [
              edge,
              { guard: { type: 'isCaughtUp', params: eventOf }, target: '#closed', actions: recordFlushed() },
              { actions: [recordFlushed('barrier'), wantFlush('drain')] },
            ],
            'flush.refused': [
              { guard: 'isLastFailure', target: '#closed', actions: ['recordRefused', 'recordGivenUp'] },
              { target: 'backingOff', actions: refuse },
            ],
            'flush.failed': [
              edgeOfFailure,
              { guard: { type: 'isWhole', params: eventOf }, target: '#closed', actions: recordFailed },
              { guard: 'isLastFailure', target: '#closed', actions: [recordFailed, 'recordGivenUp'] },
              { actions: [recordFailed, 'recordWanted', wantFlush('drain')] },
            ],
          },
        },
        backingOff: {
          on: {
            woke: [
              {
                guard: { type: 'isRetryDue', params: eventOf },
                target: 'flushing',
                actions: ['recordWoke', wantFlush('retry')],
              },
              { actions: 'wantRetry' },
            ],
          },
        },
      },
    },
    closed: { id: 'closed', type: 'final', entry: ['cancelWake', 'emitDrained'] },
  },
})
