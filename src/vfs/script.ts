/** The statements of a request's SQL, prepared one after another. */
import { DatabaseError } from '../errors.ts'
import type { RunResult, SqlParams } from '../sql.ts'
import { seen } from './authorizer.ts'
import type { Connection } from './connection.ts'
import { checkScriptParameters, parameterValues } from './parameters.ts'
import { Repeats } from './repeats.ts'
import type { Statement } from './statement.ts'

/** What the statements come to: the rows of the last that has any, the changes of all. */
export interface Total {
  rows: RunResult['rows']
  rowsAffected: number
}

/** Its text lies in the scratch memory of the connection until it is released. */
export class Script {
  readonly #connection: Connection
  readonly #base: number
  readonly #end: number
  #pointer: number
  #index = -1
  readonly #sql: string
  readonly #params: SqlParams | undefined
  readonly #isOneShort: boolean
  readonly #repeats: Repeats | undefined
  #isOnly = false
  #isRepeat = false

  /** @throws SQL_ERROR for a NUL character */
  constructor(
    connection: Connection,
    sql: string,
    asked: { readonly params: SqlParams | undefined; readonly wantsRows: boolean },
  ) {
    if (sql.includes('\0'))
      throw new DatabaseError('SQL_ERROR', 'SQL ends at a NUL character; pass such text as a parameter')
    this.#connection = connection
    this.#base = connection.sqlScratch.text(sql)
    this.#end = this.#base + connection.sqlScratch.textBytes
    this.#pointer = this.#base
    this.#isOneShort = sql.length <= cachedSqlLengthMax && !/;\s*\S/.test(sql)
    this.#sql = sql
    this.#params = asked.params
    const { wantsRows } = asked
    this.#repeats =
      this.#isOneShort || asked.params !== undefined
        ? undefined
        : new Repeats(connection, { end: this.#end, wantsRows })
  }

  /**
   * The next statement, to be finalized here or kept by the caller; undefined after the last.
   * @throws SQL_ERROR, what a callback threw
   */
  next(): Statement | undefined {
    const end = this.#end
    while (this.#pointer < end) {
      const repeat = this.#repeats?.take(this.#pointer)
      this.#isRepeat = repeat !== undefined
      const { statement, tail } = repeat ?? this.#prepare()
      this.#pointer = tail
      if (statement === undefined) continue
      this.#index++
      this.#isOnly = this.#index === 0 && isBlank(this.#connection.module.HEAPU8, tail, end)
      if (this.#isOnly) this.#pointer = end
      return statement
    }
    return undefined
  }

  #prepare(): ReturnType<Connection['prepare']> {
    const prepared = this.#connection.prepare({
      pointer: this.#pointer,
      end: this.#end,
      base: this.#base,
      index: this.#index + 1,
      isKept: this.#isOneShort,
    })
    if (((prepared.statement?.facts ?? 0) & (seen.control | seen.schema)) !== 0) this.#repeats?.release()
    return prepared
  }

  /** Which of the statements the last one was, from 0. */
  get index(): number {
    return this.#index
  }

  /** Values for the statement given last; undefined: they are bound. @throws INVALID_PARAMETER */
  values(statement: Statement): readonly unknown[] | undefined {
    if (this.#isRepeat) return undefined
    if (this.#index === 0 && !this.#isOnly) checkScriptParameters(this.#sql, this.#params)
    return parameterValues(statement, this.#params, this.#isOnly)
  }

  /** The statement given last was run. */
  finalize(statement: Statement): void {
    if (!this.#isRepeat) this.#connection.module._sqlite3_finalize(statement.pointer)
  }

  /** There is no other statement. */
  get isOnly(): boolean {
    return this.#isOnly
  }

  /** There was none: space and comments. */
  get isEmpty(): boolean {
    return this.#index < 0
  }

  release(): void {
    this.#repeats?.release()
    this.#connection.sqlScratch.release()
  }
}

/** What SQL without a statement asks for. */
export const noStatement = { parameterCount: 0, parameterNames: () => [] }

/** Longer SQL is not kept prepared. */
const cachedSqlLengthMax = 16_384

/** Worth keeping prepared. */
export const isCacheable = (statement: Statement, sql: string): boolean =>
  (statement.facts & (seen.control | seen.schema)) === 0 && sql.length <= cachedSqlLengthMax

/** Only space and semicolons from `at` to `end`. */
function isBlank(heap: Uint8Array, at: number, end: number): boolean {
  for (let here = at; here < end; here++) {
    const byte = heap[here]
    if (byte !== 0x3b && byte !== 0x20 && (byte === undefined || byte < 0x09 || byte > 0x0d)) return false
  }
  return true
}
