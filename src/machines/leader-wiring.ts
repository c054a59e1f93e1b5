/** Wiring of the leader machine that more than one of its states needs: actions with their parameters, and whole transitions. */
import { eventOf } from './event-of.ts'

/** While another one leads, or nobody is known to. */
export const silence = {
  'beat.heard': { actions: 'recordHeard' },
  'beat.missed': [
    { guard: 'isPatienceOver', actions: ['recordMissed', 'recordStealAsked', 'wantSteal'] },
    { actions: 'recordMissed' },
  ],
  'steal.refused': { actions: ['recordRefusal', 'emitSilent'] },
} as const

/** The connection goes first: what comes over it from now on is of an earlier epoch than our own. */
export const takeLock = { target: 'acquiring', actions: ['unwantLeader', 'wantReign'] } as const

/** The lock is asked for all the time. */
export const seekAfter = <C extends 'gone' | 'resigned'>(cause: C) =>
  ({
    target: 'seeking',
    actions: [{ type: 'recordCause', params: { cause } }, 'recordHeard', 'wantLeader'],
  }) as const

export const refused = {
  target: 'failed',
  actions: [{ type: 'recordFailure', params: eventOf }, 'unwantLock', 'unwantLeader'],
} as const

export const lost = { target: 'fenced', actions: { type: 'wantEnd', params: { isClean: false } } } as const

export const failing = {
  target: 'failing',
  actions: [
    { type: 'recordFailure', params: eventOf },
    { type: 'wantEnd', params: { isClean: false } },
  ],
} as const

export const resign = { target: 'resigning', actions: [{ type: 'wantEnd', params: { isClean: true } }] } as const

export const leave = { target: 'closed', actions: 'unwantLeader' } as const
