/** Wiring of the commit machine that more than one of its states needs: actions with their parameters, and whole transitions. */
import { eventOf } from './event-of.ts'

export const recordRequested = { type: 'recordRequested', params: eventOf } as const
export const recordVoided = { type: 'recordVoided', params: eventOf } as const
export const emitRolledBack = (certain: boolean) => ({ type: 'emitRolledBack', params: { certain } }) as const

/** In idle, and in the two states that show how the last group ended. */
export const accepting = {
  on: {
    'commit.requested': { target: 'writing', actions: [recordRequested, 'wantWrite'] },
    'barrier.requested': { target: 'syncing', actions: ['recordEmpty', 'wantBarrier'] },
  },
} as const
export const doubt = { target: 'voiding', actions: 'wantVoid' } as const
export const emptyIsKept = {
  guard: { type: 'isEmptyAndLossless', params: eventOf },
  target: 'committed',
  actions: [recordVoided, 'emitCommitted'],
} as const
export const rolledBack = {
  target: 'rolledBack',
  actions: [recordVoided, emitRolledBack(true), { type: 'emitLost', params: eventOf }],
} as const
export const unpoison = { target: 'unpoisoning', actions: ['recordEmpty', 'wantVoid'] } as const
