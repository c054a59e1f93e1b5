/** How a follower tells an answer from a leader that could not give one. */
import { DatabaseError, isDatabaseError } from '../errors.ts'

/** The connection to the leader ended with this request underway. */
export const leaderGone = (cause?: unknown) =>
  new DatabaseError('LEADER_CHANGED', 'the leader of the database has changed', { cause, retryable: true })

/**
 * What it answers when it leads no more, or not any longer: the request is the next leader's. It may have been applied all the same,
 * which the next leader knows.
 */
export const isOfLeaderGone = (error: unknown): boolean =>
  isDatabaseError(error, 'LEADER_CHANGED') ||
  isDatabaseError(error, 'LEASE_LOST') ||
  isDatabaseError(error, 'DATABASE_CLOSED') ||
  isDatabaseError(error, 'DATABASE_FAILED') ||
  isDatabaseError(error, 'STORE_LOST')
