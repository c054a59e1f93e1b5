/** Wiring of the autosync machine that more than one of its states needs: actions with their parameters, and lists of candidates. */
import type { Wants } from './autosync-context.ts'
import type * as Autosync from './autosync-types.ts'
import { eventOf } from './event-of.ts'

export const recordSealed = (wants: Wants = 'nothing') =>
  ({
    type: 'recordSealed',
    params: ({ event }: { readonly event: Autosync.TransactionsSealed }) => ({ sealed: event, wants }),
  }) as const
export const recordFlushed = (wants: Wants = 'nothing') =>
  ({
    type: 'recordFlushed',
    params: ({ event }: { readonly event: Autosync.FlushSucceeded }) => ({ flushed: event, wants }),
  }) as const
export const recordFailed = { type: 'recordFailed', params: eventOf } as const
export const wantFlush = <T extends Autosync.FlushTrigger>(trigger: T) =>
  ({ type: 'wantFlush', params: { trigger } }) as const

export const edge = {
  guard: { type: 'isEdge', params: eventOf },
  actions: ['recordEdge', 'emitEdge', { type: 'decideAgain', params: eventOf }],
} as const

/** A failure leaves nothing dirty. */
export const edgeOfFailure = { ...edge, guard: { type: 'isEdge', params: { dirtyBytes: 0 } } } as const
export const refuse = ['recordRefused', { type: 'recordRetry', params: eventOf }, 'wantRetry'] as const

/** In idle and debouncing: no flush is in flight. */
export const sealedWhileWaiting = [
  edge,
  {
    guard: { type: 'isUrgent', params: eventOf },
    target: 'flushing',
    actions: [recordSealed('levels'), wantFlush('urgent')],
  },
  {
    guard: { type: 'isOverThreshold', params: eventOf },
    target: 'flushing',
    actions: [recordSealed('barrier'), wantFlush('threshold')],
  },
  { guard: { type: 'isDurable', params: eventOf }, actions: recordSealed() },
  { target: 'debouncing', actions: [recordSealed(), 'wantWake'] },
] as const
