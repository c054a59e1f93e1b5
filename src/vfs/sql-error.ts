/** What SQLite says in codes, and what a callback threw beneath it, as the error that the caller gets. */
import { AssertionError } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import { BlockAwaited } from '../storage/awaited.ts'
import { primary, rc } from './constants.ts'
import type { SqliteModule } from './sqlite-module.ts'
import { isCallStackEnd, tooDeep } from './stack-guard.ts'

/** Which statement of a request failed, from 0; and where it and the request's SQL begin in the WASM heap, while it is prepared. */
export interface ErrorPlace {
  readonly index: number
  readonly base?: number
  readonly pointer?: number
}

/** A DatabaseError; or `failure` itself if it is none of those, which is a broken rule of ours. */
export function sqlError(
  module: SqliteModule,
  last: { readonly db: number; readonly code: number; readonly failure: unknown } & Partial<ErrorPlace>,
): unknown {
  const { code, failure } = last
  const statement = last.index ?? 0
  if (failure instanceof DatabaseError) return throughSqlite(failure, code, statement)
  // A callback stood at the end of the stack; SQLite has returned from it in order.
  if (isCallStackEnd(failure)) return tooDeep(failure)
  // Memory for a page was not to be had: a limit too, though not one of ours.
  if (failure instanceof RangeError) {
    const details = { statement }
    return new DatabaseError('TRANSACTION_TOO_LARGE', failure.message, { cause: failure, sqliteCode: code, details })
  }
  if (failure !== undefined) return failure
  const message = module.UTF8ToString(module._sqlite3_errmsg(last.db))
  const details = { statement, ...offset(module, last) }
  if (primary(code) === rc.FULL)
    return new DatabaseError('TRANSACTION_TOO_LARGE', message, { sqliteCode: code, details })
  if (primary(code) !== rc.INTERRUPT) return new DatabaseError('SQL_ERROR', message, { sqliteCode: code, details })
  return new DatabaseError('ABORTED', 'the statement was interrupted', {
    sqliteCode: code,
    details: { ...details, interrupted: true },
  })
}

/** What a callback threw counts although SQLite went on: a rule of our own that was broken, a page that was not there yet. */
export const mustNotBePassedOver = (failure: unknown): failure is Error =>
  failure instanceof AssertionError || failure instanceof BlockAwaited

/** The same error, with what SQLite made of it. */
function throughSqlite(failure: DatabaseError, sqliteCode: number, statement: number): DatabaseError {
  const { code, message, details, retryable, outcome } = failure
  return new DatabaseError(code, message, {
    cause: failure,
    details: { ...details, statement },
    sqliteCode,
    retryable,
    ...(outcome === undefined ? {} : { outcome }),
  })
}

/** Where in the request's SQL the error is, in UTF-16 units, if SQLite knows. */
function offset(
  module: SqliteModule,
  { db, base, pointer }: { readonly db: number } & Partial<ErrorPlace>,
): { readonly offset?: number } {
  const bytes = module._sqlite3_error_offset(db)
  if (base === undefined || pointer === undefined || bytes < 0) return {}
  const before = module.HEAPU8.subarray(base, pointer + bytes)
  return { offset: new TextDecoder('utf-8', { ignoreBOM: true }).decode(before).length }
}

/** The file has pages of one size and the store blocks of another. */
export const pageSizeError = (blockSize: number, pageSize: unknown) =>
  new DatabaseError(
    'BLOCK_SIZE_MISMATCH',
    `the database has pages of ${String(pageSize)} bytes in blocks of ${blockSize}`,
    { details: { blockSize, pageSize } },
  )
