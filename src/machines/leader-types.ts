/** What goes into the leader machine, what it holds, and what it tells. */
import type { ErrorCode } from '../errors.ts'

interface Failure {
  readonly code: ErrorCode
}

/** Why this member came to lead: nobody led · its leader let go · its leader is gone · its leader was silent and was robbed. */
export type Cause = 'opened' | 'resigned' | 'gone' | 'silent'

export type LeaderEvent =
  | { readonly type: 'open.requested' | 'close.requested' }
  /** In the lock's callback: held from here on. */
  | { readonly type: 'lock.acquired' }
  /** The lock cannot be asked for here. */
  | ({ readonly type: 'lock.refused' } & Failure)
  /** Only the holder of this lock can let it go, because the medium is not one that fences; or that cannot be found out now. */
  | { readonly type: 'steal.refused' }
  /** A leader of this epoch has taken us on. One older than a leader that was known was superseded: another is sought. */
  | { readonly type: 'leader.joined'; readonly epoch: number }
  /** A leader is there and will not have us: of another version, or with other settings. */
  | ({ readonly type: 'leader.refused' } & Failure)
  /** The connection to our leader has ended. */
  | { readonly type: 'leader.lost' | 'leader.resigned' }
  | { readonly type: 'beat.heard' }
  /** The time of a beat has passed here, in which nothing was heard. Counted, not clocked: a member that stood still counts one. */
  | { readonly type: 'beat.missed' }
  /** Somebody waits for an answer, or nobody does. */
  | { readonly type: 'waiting.changed'; readonly isWaiting: boolean }
  /** The epoch is raised and durable, the store recovered. */
  | { readonly type: 'reign.began'; readonly epoch: number }
  | ({ readonly type: 'reign.failed' } & Failure)
  /** The reign has let everything go, the lock included. */
  | { readonly type: 'reign.ended' }
  /** A higher epoch is on the medium, or the lock was taken from us. */
  | { readonly type: 'lease.lost' }
  /** Nobody waits for our leader any more. */
  | { readonly type: 'left' }

export type LeaderEmitted =
  /**
   * Ask for the lock: to be told whenever it is ours, now or after others. Withdrawn by `lock.unwanted`, and robbing with it. Whichever
   * of asking and robbing gets it, the other is over.
   */
  | { readonly type: 'lock.wanted' | 'lock.unwanted' }
  | { readonly type: 'steal.wanted' }
  /** Find who leads. Withdrawn by `leader.unwanted`, which also ends a connection, and leaving with it. */
  | { readonly type: 'leader.wanted' | 'leader.unwanted' }
  | { readonly type: 'reign.wanted'; readonly cause: Cause }
  /** isClean: drain and close. Otherwise it has failed already and is only waited for. */
  | { readonly type: 'end.wanted'; readonly isClean: boolean }
  | { readonly type: 'leave.wanted' }
  /** Our leader is silent and cannot be robbed: who waits will be told so at its deadline. */
  | { readonly type: 'leader.silent' }
  | {
      readonly type: 'role.changed'
      readonly role: 'seeking' | 'acquiring' | 'leading' | 'following' | 'ending' | 'closed' | 'failed'
      readonly epoch: number
      readonly code: ErrorCode | null
    }

export interface LeaderContext {
  /** Of our own reign, or of the leader that we follow; never falls. */
  readonly epoch: number
  /** Beats missed in a row. */
  readonly missedCount: number
  /** That many missed beats, while somebody waits, end our patience with a silent leader. */
  readonly missedMax: number
  readonly isWaiting: boolean
  /** Robbing it was asked for and not refused, since a leader was last heard. */
  readonly isStealAsked: boolean
  readonly isClosing: boolean
  readonly cause: Cause
  readonly code: ErrorCode | null
}

export interface LeaderInput {
  readonly missedMax: number
}
