/** One prepared statement from its parameters to its last row. */
import { assert } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import type { Row, RowsWanted, SqlValue } from '../sql.ts'
import { seen } from './authorizer.ts'
import type { Connection } from './connection.ts'
import { primary, rc, STMTSTATUS_REPREPARE } from './constants.ts'
import { readColumns, type Statement } from './statement.ts'
import { bindValue, columnValue, integer } from './values.ts'

export interface StatementInput {
  /** One for each parameter; undefined: they are bound already. */
  readonly values: readonly unknown[] | undefined
  /** Which statement of the request this is, from 0. */
  readonly index: number
  readonly rowMode: RowsWanted
  readonly resultBytesMax: number
}

/** What became of it. */
export interface StatementRun {
  readonly rows: readonly Row[]
  readonly rowsAffected: number
  /** A DatabaseError, or what a callback threw that is none. */
  readonly error?: unknown
}

/** What each value counts for beside its text or bytes. */
const valueBytes = 16
const noRows: readonly Row[] = []

/**
 * Runs a statement; afterwards it is reset and has no bindings, whatever became of it. Throws only what has passed through C, and
 * then leaves everything as it is, because C must not be entered again.
 */
export function runStatement(connection: Connection, statement: Statement, input: StatementInput): StatementRun {
  connection.forget()
  let run: StatementRun
  try {
    run = bindAndStep(connection, statement, input)
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    run = { rows: noRows, rowsAffected: 0, error }
  }
  connection.module._sqlite3_reset(statement.pointer)
  if (statement.parameterCount > 0 && input.values !== undefined) {
    connection.module._sqlite3_clear_bindings(statement.pointer)
    connection.scratch.release()
  }
  return run
}

function bindAndStep(connection: Connection, statement: Statement, input: StatementInput): StatementRun {
  const { module } = connection
  let code = input.values === undefined ? rc.OK : bind(connection, statement, input.values)
  let rows: readonly Row[] = noRows
  if (code === rc.OK) {
    code = connection.step(statement.pointer)
    if (code === rc.ROW && input.rowMode === 'none') code = passOver(connection, statement)
    else if (code === rc.ROW) ({ code, rows } = collect(connection, statement, input))
  }
  if (code !== rc.DONE) return { rows: noRows, rowsAffected: 0, error: connection.error(code, input) }
  connection.assertSound()
  const isCounted = (statement.facts & (seen.rows | seen.schema)) === seen.rows && !statement.isExplain
  if (!isCounted) return { rows, rowsAffected: 0 }
  return { rows, rowsAffected: Number(integer(module._sqlite3_changes64(connection.db), module.getTempRet0())) }
}

function bind(connection: Connection, statement: Statement, values: readonly unknown[]): number {
  const { module, scratch } = connection
  const label = (index: number) => statement.parameterNames()[index - 1] ?? String(index)
  for (let index = 1; index <= statement.parameterCount; index++) {
    const code = bindValue(module, scratch, { stmt: statement.pointer, index }, values[index - 1], label)
    if (code !== rc.OK) return code
  }
  return rc.OK
}

function passOver(connection: Connection, { pointer }: Statement): number {
  let code: number = rc.ROW
  while (code === rc.ROW) code = connection.step(pointer)
  return code
}

/** Reads the rows from the current one on. @throws RESULT_TOO_LARGE; a write is then rolled back */
function collect(
  connection: Connection,
  statement: Statement,
  input: StatementInput,
): { code: number; rows: readonly Row[] } {
  const { module } = connection
  const { pointer } = statement
  if (module._sqlite3_stmt_status(pointer, STMTSTATUS_REPREPARE, 1) !== 0) statement.columns = undefined
  const columns = (statement.columns ??= readColumns(module, pointer))
  const rows: Row[] = []
  // Of the current row; the next one is read into the same array.
  const values: SqlValue[] = []
  let bytes = 0
  let code: number = rc.ROW
  while (code === rc.ROW) {
    for (let column = 0; column < columns.length; column++) {
      const value = columnValue(module, pointer, column)
      bytes += typeof value === 'string' || value instanceof Uint8Array ? valueBytes + value.length : valueBytes
      values[column] = value
    }
    if (bytes > input.resultBytesMax) {
      if (!statement.isReadonly) rollBack(connection, statement)
      throw tooLarge(input.resultBytesMax)
    }
    rows.push(input.rowMode === 'array' ? values.slice() : toObject(columns, values))
    code = connection.step(pointer)
  }
  return { code, rows }
}

/** A read is simply not read on. A write (RETURNING) would be committed by that; interrupted, it is rolled back. */
function rollBack(connection: Connection, statement: Statement): void {
  connection.module._sqlite3_interrupt(connection.db)
  const code = connection.step(statement.pointer)
  assert(primary(code) === rc.INTERRUPT, 'an interrupted statement ends')
}

function toObject(columns: readonly string[], values: readonly SqlValue[]): Row {
  const row: { [column: string]: SqlValue } = {}
  for (let at = 0; at < columns.length; at++) {
    const name = columns[at] ?? ''
    const value = values[at] ?? null
    // A plain assignment to this name would set the prototype.
    if (name === '__proto__')
      Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true })
    else row[name] = value
  }
  return row
}

const tooLarge = (resultBytesMax: number) =>
  new DatabaseError('RESULT_TOO_LARGE', `the rows hold more than ${resultBytesMax} bytes`, {
    details: { resultBytesMax },
  })
