/** What the origin private file system says when it refuses, in our words. */
import { DatabaseError } from '../../errors.ts'

export const errorName = (error: unknown): string => (error instanceof Error ? error.name : 'unknown')

/** A barrier that says that space is short has lost what was written before it: that is no refusal. */
export function translate(path: string, verb: string, cause: unknown): DatabaseError {
  const name = errorName(cause)
  if (name === 'QuotaExceededError' && verb !== 'flush') return full(path, verb, { cause, reason: name })
  return new DatabaseError('STORAGE_FAILED', `could not ${verb} ${path}: ${name}`, {
    cause,
    details: { path, reason: name },
  })
}

export const full = (path: string, verb: string, { cause, reason }: { cause?: unknown; reason: string }) =>
  new DatabaseError('STORAGE_FULL', `could not ${verb} ${path}: the quota is used up (${reason})`, {
    cause,
    details: { path, reason },
    retryable: true,
  })
