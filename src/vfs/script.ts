/** The statements of a request's SQL, prepared one after another. */
import { DatabaseError } from '../errors.ts'
import type { RunResult } from '../sql.ts'
import { seen } from './authorizer.ts'
import type { Connection } from './connection.ts'
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
  #isOnly = false

  /** @throws SQL_ERROR for a NUL character */
  constructor(connection: Connection, sql: string) {
    if (sql.includes('\0'))
      throw new DatabaseError('SQL_ERROR', 'SQL ends at a NUL character; pass such text as a parameter')
    this.#connection = connection
    this.#base = connection.sqlScratch.text(sql)
    this.#end = this.#base + connection.sqlScratch.textBytes
    this.#pointer = this.#base
  }

  /** The next statement, which is the caller's to finalize; undefined after the last. @throws SQL_ERROR, what a callback threw */
  next(): Statement | undefined {
    const end = this.#end
    while (this.#pointer < end) {
      const at = { pointer: this.#pointer, end, base: this.#base, index: this.#index + 1 }
      const { statement, tail } = this.#connection.prepare(at)
      this.#pointer = tail
      if (statement === undefined) continue
      this.#index++
      this.#isOnly = this.#index === 0 && isBlank(this.#connection.module.HEAPU8, tail, end)
      return statement
    }
    return undefined
  }

  /** Which of the statements the last one was, from 0. */
  get index(): number {
    return this.#index
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
