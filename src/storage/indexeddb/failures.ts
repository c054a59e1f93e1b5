/**
 * What IndexedDB's errors mean for a store. `details.failure` is the kind; the code says what the caller may do.
 *
 *   quota-at-put, quota-at-commit   the transaction was undone: nothing of it is there            STORAGE_FULL
 *   closing                         the connection was closing: nothing was begun                 STORAGE_FAILED
 *   connection-lost                 the browser ended the connection: outcome unknown             STORAGE_FAILED
 *   version-change                  another context deletes or upgrades: outcome unknown          STORAGE_FAILED
 *   deleted                         the database is gone                                          STORE_LOST
 *   newer                           a later version of this package has upgraded it               FORMAT_UNKNOWN
 *   unknown                         anything else: outcome unknown                                STORAGE_FAILED
 */
import { DatabaseError, isDatabaseError } from '../../errors.ts'

export type Failure =
  | 'quota-at-put'
  | 'quota-at-commit'
  | 'closing'
  | 'connection-lost'
  | 'version-change'
  | 'deleted'
  | 'newer'
  | 'unknown'

/** Where in a transaction, or before one, it happened. */
export type FailedAt = 'open' | 'begin' | 'put' | 'commit' | 'read'

const nameOf = (error: unknown): string => (error instanceof Error || error instanceof DOMException ? error.name : '')

/** Null is an abort that nobody asked for and that has no error: the browser is ending the connection. */
export function kindOf(error: unknown, at: FailedAt): Failure {
  const name = nameOf(error)
  if (name === 'QuotaExceededError') return at === 'commit' ? 'quota-at-commit' : 'quota-at-put'
  if (name === 'VersionError') return 'newer'
  if (name === 'NotFoundError') return 'deleted'
  if (name === 'InvalidStateError' && at === 'begin') return 'closing'
  if (error === null || name === 'AbortError') return 'connection-lost'
  return /connection|closing|server/i.test(error instanceof Error ? error.message : '') ? 'connection-lost' : 'unknown'
}

export function failureOf(error: unknown, at: FailedAt, kind: Failure = kindOf(error, at)): DatabaseError {
  if (isDatabaseError(error)) return error
  const cause = error ?? undefined
  const details = { failure: kind, at }
  const said = error instanceof Error && error.message !== '' ? `: ${error.message}` : ''
  if (kind === 'quota-at-put' || kind === 'quota-at-commit') {
    return new DatabaseError('STORAGE_FULL', `the quota of this origin is used up${said}`, {
      cause,
      details,
      retryable: true,
    })
  }
  if (kind === 'newer') {
    return new DatabaseError('FORMAT_UNKNOWN', `the database was upgraded by a newer version${said}`, {
      cause,
      details,
    })
  }
  if (kind === 'deleted') {
    return new DatabaseError('STORE_LOST', `the database was deleted while it was open${said}`, { cause, details })
  }
  const isCertain = kind === 'closing' || at === 'open' || at === 'read'
  return new DatabaseError('STORAGE_FAILED', `IndexedDB failed at ${at} (${kind})${said}`, {
    cause,
    details,
    ...(isCertain ? {} : { outcome: 'unknown' as const }),
  })
}
