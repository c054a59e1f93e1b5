/** How requests end that were not answered by what they asked for. */
import { DatabaseError } from '../errors.ts'

/** It was rolled back. */
export const leftOpen = (cause: unknown) =>
  new DatabaseError(
    'TRANSACTION_LEFT_OPEN',
    'the request left a transaction open; it was rolled back. Use transaction()',
    {
      cause,
    },
  )

/** `cause`: why commits do not come through. */
export const expired = (cause: unknown) =>
  new DatabaseError('DEADLINE_EXCEEDED', 'the request waited longer than its deadline and was not run', {
    cause,
    retryable: true,
  })

/** `cause`: as above. */
export const outOfTime = (cause: unknown) =>
  new DatabaseError('DEADLINE_EXCEEDED', 'the commit did not become durable within the deadline; it may still', {
    outcome: 'unknown',
    cause,
  })
