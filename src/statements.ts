/** One request on the connection: what exec, query, sql and batch do with SQLite, inside a transaction and outside. */
import type { Statement } from './api.ts'
import { assert } from './assert.ts'
import type { SqlEngine } from './effects/ports.ts'
import { DatabaseError } from './errors.ts'
import { limits } from './limits.ts'
import type { Row, RowsWanted, RunResult, SqlParam, SqlParams } from './sql.ts'

export interface StatementOptions {
  /** 'none' for callers who ask for no rows. */
  readonly rowMode: RowsWanted
  /** Asked now and then while SQLite works; true interrupts it. */
  readonly shouldStop: () => boolean
}

/** Runs `sql`. @throws SQL_ERROR, INVALID_PARAMETER, DEADLINE_EXCEEDED when `shouldStop` said so */
export function run(
  engine: SqlEngine,
  { sql, params }: Statement,
  { rowMode, shouldStop }: StatementOptions,
): RunResult {
  try {
    return engine.run(sql, params, { rowMode, resultBytesMax: limits.resultBytesMax, shouldStop })
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.details['interrupted'] !== true) throw error
    throw new DatabaseError('DEADLINE_EXCEEDED', 'the statement ran longer than its deadline and was interrupted', {
      cause: error,
    })
  }
}

/** Runs all or none: inside a transaction as a savepoint, otherwise as a transaction of its own. */
export function runAll(engine: SqlEngine, statements: readonly Statement[], options: StatementOptions): RunResult[] {
  const isOwn = engine.isAutocommit
  if (isOwn) engine.begin()
  else engine.savepoint(BATCH)
  try {
    const results = statements.map((statement, index) => runNth(engine, { statement, index }, options))
    if (isOwn) engine.commit()
    else engine.releaseSavepoint(BATCH)
    return results
  } catch (error) {
    // SQLite may have rolled it back itself: the engine is told that its own transaction has ended all the same.
    if (isOwn && !engine.isPoisoned) engine.rollback()
    else if (!engine.isPoisoned && !engine.isAutocommit) {
      engine.rollbackToSavepoint(BATCH)
      engine.releaseSavepoint(BATCH)
    }
    throw error
  }
}

/** Says which of the statements failed; `details.statement` is one within its text. */
function runNth(
  engine: SqlEngine,
  { statement, index }: { readonly statement: Statement; readonly index: number },
  options: StatementOptions,
): RunResult {
  try {
    return run(engine, statement, options)
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    const { code, message, cause, retryable, sqliteCode, outcome } = error
    throw new DatabaseError(code, message, {
      cause,
      retryable,
      details: { ...error.details, index },
      ...(sqliteCode === undefined ? {} : { sqliteCode }),
      ...(outcome === undefined ? {} : { outcome }),
    })
  }
}

const BATCH = 'datasync_batch'

/** `SELECT … ${a} … ${b}` → SQL with a parameter for each value. */
export function template(
  strings: TemplateStringsArray,
  values: readonly SqlParam[],
): { readonly sql: string; readonly params: SqlParams } {
  assert(strings.length === values.length + 1, 'sql is used as a template tag')
  return { sql: strings.join('?'), params: values }
}

/** The caller's row type is a promise of the caller; nothing here checks it. */
export const rowsAs = <R extends Row>(result: Pick<RunResult, 'rows'>): R[] => result.rows as R[]
