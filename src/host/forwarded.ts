/** One request of a member that does not lead: what it asks, and how long it may wait. */
import { DatabaseError } from '../errors.ts'
import type { Led, Signal } from '../api.ts'
import type { ClientIdentity } from './client-identity.ts'
import { leaderGone } from './leader-gone.ts'
import type { Due } from './shared-timer.ts'

export interface Asked<T> {
  /** Asks it of whoever leads. */
  readonly run: (database: Led, how: { readonly requestId: string; readonly deadlineMs: number }) => Promise<T>
  readonly deadlineMs: number
  readonly signal?: Signal | undefined
  /** The caller's own; absent: one is given. */
  readonly requestId?: string | undefined
  /** Asking it twice does what asking it once does. Otherwise it ends with its leader. */
  readonly isRepeatable: boolean
}

export interface Forwarded {
  readonly asked: Asked<unknown>
  readonly deadlineAtMs: number
  readonly due: Due
  /** Listens to the signal, where there is one. */
  readonly onAbort: (() => void) | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  /** What it is known by, once it has been sent. */
  name:
    | { readonly requestId: string; readonly number?: { readonly identity: ClientIdentity; readonly no: number } }
    | undefined
  /** How often it was asked. */
  sentCount: number
  /** With whom it is underway. */
  session: object | undefined
}

/** By which it can be asked again. */
export const requestIdOf = ({ name }: Pick<Forwarded, 'name'>): { readonly requestId?: string } =>
  name === undefined ? {} : { requestId: name.requestId }

/** Its leader leads no more, and it is not to be asked twice. */
export const interrupted = ({ name }: Forwarded) =>
  new DatabaseError('LEADER_CHANGED', leaderGone().message, {
    retryable: true,
    outcome: 'unknown',
    details: requestIdOf({ name }),
  })

/** The deadline has passed without an answer. */
export function unresponsive({ name, sentCount }: Forwarded, why: string | undefined): DatabaseError {
  const reason = why === undefined ? '' : `: ${why}`
  return sentCount === 0
    ? new DatabaseError(
        'LEADER_UNRESPONSIVE',
        `nobody who leads the database could be reached in time${reason}; the request was not run`,
        {
          retryable: true,
        },
      )
    : new DatabaseError(
        'LEADER_UNRESPONSIVE',
        `whoever leads the database has not answered in time${reason}; the request may still be applied, once. Repeat it with options.requestId`,
        { details: requestIdOf({ name }), outcome: 'unknown', retryable: true },
      )
}

export const withdrawn = ({ sentCount }: Forwarded, signal: Signal): DatabaseError =>
  new DatabaseError('ABORTED', 'the AbortSignal was raised before the request was answered', {
    cause: signal.reason,
    ...(sentCount > 0 ? { outcome: 'unknown' as const } : {}),
  })
