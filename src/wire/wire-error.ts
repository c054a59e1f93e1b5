/** Errors on their way between threads: code, details and the chain of causes arrive; identity and prototypes of foreign errors do not. */
import { DatabaseError, type DatabaseErrorOptions, errorCodes } from '../errors.ts'
import type { WireError } from './protocol.ts'

/** A chain of causes longer than this is cut. */
const CAUSES_MAX = 8

export function encodeError(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack, cause } = error
  const causes = cause === undefined || depth >= CAUSES_MAX ? {} : { cause: encodeError(cause, depth + 1) }
  const plain = { name, message, ...causes, ...(stack === undefined ? {} : { stack }) }
  if (!(error instanceof DatabaseError)) return plain
  const { code, details, sqliteCode, retryable, outcome } = error
  const options: Omit<DatabaseErrorOptions, 'cause'> = {
    details,
    retryable,
    ...(sqliteCode === undefined ? {} : { sqliteCode }),
    ...(outcome === undefined ? {} : { outcome }),
  }
  return { ...plain, code, options }
}

export function decodeError({ code, name, message, stack, options, cause }: WireError): Error {
  const inner = cause === undefined ? {} : { cause: decodeError(cause) }
  const error =
    code !== undefined && Object.hasOwn(errorCodes, code)
      ? new DatabaseError(code, message, { ...options, ...inner })
      : Object.assign(new Error(message, inner), { name })
  // Where it was thrown, on the other side; where it is thrown again is of no interest.
  if (stack !== undefined) error.stack = stack
  return error
}
