/**
 * The world around the leader machine: an owner who opens and closes at any time, a lock that is granted, refused, robbed or lost,
 * leaders that take it on, refuse it, resign or vanish, beats that come or do not, and reigns that begin, fail and end.
 * Bounds: epochs up to EPOCH_MAX, patience of MISSED_MAX beats.
 */
import type { AnyMachineSnapshot } from 'xstate'
import {
  type LeaderContext,
  type LeaderEmitted,
  type LeaderEvent,
  leaderMachine,
} from '../../../src/machines/leader.ts'
import { type Bounds, explore, type Move, send, start, type Walk } from '../explore.ts'

export const EPOCH_MAX = 3
export const MISSED_MAX = 2

export interface LeaderState {
  readonly machine: AnyMachineSnapshot
  readonly lock: 'none' | 'asked' | 'held'
  /** Robbing was wanted and is not answered. */
  readonly isRobbing: boolean
  readonly leader: 'none' | 'sought' | 'followed'
  readonly reign: 'none' | 'wanted' | 'begun' | 'ending'
  /** A reign has come to its end since the last one was wanted: `leading` needs a new one. */
  readonly isLeaseLost: boolean
  readonly isLeaving: boolean
  readonly isWaiting: boolean
  /** Silent beats in a row, and whether the silence was answered by robbing. */
  readonly silentCount: number
  readonly isSilenceRobbed: boolean
  readonly isOpened: boolean
  readonly isCloseRequested: boolean
}

/** Of the leader machine in this state. */
export const contextOf = ({ machine }: LeaderState): LeaderContext => machine.context as LeaderContext

const faults: readonly LeaderEvent['type'][] = ['lock.refused', 'leader.refused', 'reign.failed', 'lease.lost']

/** What ends a silence: something was heard, or there is nobody to be silent. */
const sounds: readonly LeaderEvent['type'][] = [
  'beat.heard',
  'leader.joined',
  'leader.lost',
  'leader.resigned',
  'reign.began',
  'reign.ended',
]

export function walkLeader(machine: typeof leaderMachine = leaderMachine, bounds: Bounds = {}): Walk<LeaderState> {
  const initial: LeaderState = {
    machine: start(machine, { missedMax: MISSED_MAX }).snapshot,
    lock: 'none',
    isRobbing: false,
    leader: 'none',
    reign: 'none',
    isLeaseLost: false,
    isLeaving: false,
    isWaiting: false,
    silentCount: 0,
    isSilenceRobbed: false,
    isOpened: false,
    isCloseRequested: false,
  }
  return explore(
    initial,
    function* (state): Iterable<Move<LeaderState>> {
      if (state.machine.status !== 'active') return
      for (const event of offers(state)) {
        const { snapshot, emitted } = send(machine, state.machine, event)
        const happened = { ...afterEvent(state, event), machine: snapshot }
        yield { event, emitted, to: emitted.reduce(afterWish, happened), isFault: faults.includes(event.type) }
      }
    },
    bounds,
  )
}

/** What may happen next. */
function* offers(state: LeaderState): Iterable<LeaderEvent> {
  const { epoch } = contextOf(state)
  if (!state.isOpened) yield { type: 'open.requested' }
  yield { type: 'close.requested' }
  yield { type: 'waiting.changed', isWaiting: !state.isWaiting }
  if (state.lock === 'asked') {
    if (epoch < EPOCH_MAX) yield { type: 'lock.acquired' }
    yield { type: 'lock.refused', code: 'NOT_SUPPORTED' }
    if (state.isRobbing) yield { type: 'steal.refused' }
  }
  if (state.leader !== 'none') yield* [{ type: 'beat.heard' }, { type: 'beat.missed' }] as const
  if (state.leader === 'sought') {
    // One that was superseded and does not know it takes members on like any other.
    for (let other = 1; other <= EPOCH_MAX - 1; other++) yield { type: 'leader.joined', epoch: other }
    yield { type: 'leader.refused', code: 'NOT_SUPPORTED' }
  }
  if (state.leader === 'followed') yield* [{ type: 'leader.lost' }, { type: 'leader.resigned' }] as const
  if (state.reign === 'wanted') {
    for (let own = epoch + 1; own <= EPOCH_MAX; own++) yield { type: 'reign.began', epoch: own }
  }
  if (state.reign !== 'none') yield { type: 'reign.failed', code: 'STORAGE_FAILED' }
  if (state.lock === 'held') yield { type: 'lease.lost' }
  if (state.reign === 'ending') yield { type: 'reign.ended' }
  if (state.isLeaving) yield { type: 'left' }
}

function afterEvent(state: LeaderState, event: LeaderEvent): LeaderState {
  // What was superseded does not break the silence of whoever leads now.
  const isSuperseded = event.type === 'leader.joined' && event.epoch < contextOf(state).epoch
  const isSound = sounds.includes(event.type) && !isSuperseded
  const heard = {
    ...state,
    silentCount: isSound ? 0 : Math.min(MISSED_MAX, state.silentCount + (event.type === 'beat.missed' ? 1 : 0)),
    isSilenceRobbed: state.isSilenceRobbed && !isSound,
  }
  switch (event.type) {
    case 'open.requested':
      return { ...heard, isOpened: true }
    case 'close.requested':
      return { ...heard, isCloseRequested: true }
    case 'waiting.changed':
      return { ...heard, isWaiting: event.isWaiting }
    case 'lock.acquired':
      return { ...heard, lock: 'held', isRobbing: false }
    case 'lock.refused':
      return { ...heard, lock: 'none', isRobbing: false }
    case 'steal.refused':
      return { ...heard, isRobbing: false, silentCount: 0, isSilenceRobbed: false }
    case 'leader.joined':
      return { ...heard, leader: 'followed' }
    case 'leader.refused':
      return { ...heard, leader: 'none' }
    case 'leader.lost':
    case 'leader.resigned':
      return { ...heard, leader: 'none' }
    case 'reign.began':
      return { ...heard, reign: 'begun' }
    case 'lease.lost':
      return { ...heard, isLeaseLost: true }
    case 'reign.ended':
      return { ...heard, reign: 'none', lock: 'none' }
    case 'left':
      return { ...heard, isLeaving: false }
    case 'beat.heard':
    case 'beat.missed':
    case 'reign.failed':
      return heard
  }
}

/** What the effects make of a wish. To withdraw the lock withdraws robbing it. */
function afterWish(state: LeaderState, wish: LeaderEmitted): LeaderState {
  switch (wish.type) {
    case 'lock.wanted':
      return { ...state, lock: state.lock === 'held' ? 'held' : 'asked' }
    case 'lock.unwanted':
      return { ...state, lock: state.lock === 'asked' ? 'none' : state.lock, isRobbing: false }
    case 'steal.wanted':
      return { ...state, isRobbing: true, isSilenceRobbed: true }
    case 'leader.wanted':
      return { ...state, leader: 'sought' }
    case 'leader.unwanted':
      return { ...state, leader: 'none', isLeaving: false }
    case 'reign.wanted':
      return { ...state, reign: 'wanted', isLeaseLost: false }
    case 'end.wanted':
      return { ...state, reign: 'ending' }
    case 'leave.wanted':
      return { ...state, isLeaving: true }
    case 'leader.silent':
    case 'role.changed':
      return state
  }
}
