/** What a request is told, looked at before it waits: a level that is none, or a deadline that never comes, would be a promise. */
import type { LedQueryOptions, LedTransactionOptions, QueryOptions } from './api.ts'
import { DatabaseError } from './errors.ts'
import { isSignal } from './option-tools.ts'

/** The longest that a timer waits: one that is longer would ring at once. */
export const deadlineMsMax = 2 ** 31 - 1

/** A deadline and what comes on top of it. */
export const longer = (deadlineMs: number, byMs: number): number => Math.min(deadlineMs + byMs, deadlineMsMax)

/** @throws INVALID_OPTIONS */
export function assertRequestOptions(options: LedQueryOptions | LedTransactionOptions): void {
  const { durability, deadlineMs, rowMode, signal }: { readonly [Name in keyof QueryOptions]: unknown } = options
  if (durability !== undefined && durability !== 'strict' && durability !== 'relaxed' && durability !== 'deferred')
    throw invalid('durability', durability, 'one of strict, relaxed, deferred')
  if (rowMode !== undefined && rowMode !== 'object' && rowMode !== 'array')
    throw invalid('rowMode', rowMode, 'one of object, array')
  if (deadlineMs !== undefined && !isDeadline(deadlineMs))
    throw invalid('deadlineMs', deadlineMs, `a number from 0 to ${deadlineMsMax}`)
  if (signal !== undefined && !isSignal(signal)) throw invalid('signal', signal, 'an AbortSignal')
}

const isDeadline = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= deadlineMsMax

const invalid = (name: string, value: unknown, expected: string) =>
  new DatabaseError('INVALID_OPTIONS', `${name} is ${String(value)}; it must be ${expected}`, { details: { name } })
