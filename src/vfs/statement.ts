/** A prepared statement and what was learned of it; and those kept prepared, by their SQL. */
import { assert } from '../assert.ts'
import type { SqliteModule } from './sqlite-module.ts'

export interface Statement {
  readonly pointer: number
  readonly isReadonly: boolean
  readonly isExplain: boolean
  /** Bits of `seen` in authorizer.ts. */
  readonly facts: number
  readonly parameterCount: number
  readonly parameterNames: () => readonly (string | undefined)[]
  /** When the cache gave it out last. */
  usedAt: number
  /** It may return rows. */
  readonly hasColumns: boolean
  /** Names of the columns, read when rows are first wanted, and anew when SQLite had to prepare the statement again. */
  columns: readonly string[] | undefined
}

/** Reads what a statement is. `facts`: seen by the authorizer. `column`: name of the one column of a PRAGMA that was answered here. */
export function describeStatement(
  module: SqliteModule,
  pointer: number,
  facts: number,
  column: string | undefined,
): Statement {
  const parameterCount = module._sqlite3_bind_parameter_count(pointer)
  let names: readonly (string | undefined)[] | undefined
  return {
    pointer,
    isReadonly: module._sqlite3_stmt_readonly(pointer) !== 0,
    isExplain: module._sqlite3_stmt_isexplain(pointer) !== 0,
    facts,
    usedAt: 0,
    parameterCount,
    parameterNames: () => (names ??= readParameterNames(module, pointer, parameterCount)),
    hasColumns: column !== undefined || module._sqlite3_column_count(pointer) > 0,
    columns: column === undefined ? undefined : [column],
  }
}

export function readColumns(module: SqliteModule, pointer: number): readonly string[] {
  const columns: string[] = []
  const columnCount = module._sqlite3_column_count(pointer)
  for (let at = 0; at < columnCount; at++)
    columns.push(propertyName(module.UTF8ToString(module._sqlite3_column_name(pointer, at))))
  return columns
}

/** The same text as engines keep it for names of properties: rows are then made in a tenth of the time. */
function propertyName(name: string): string {
  return Object.keys({ [name]: 0 })[0] ?? name
}

function readParameterNames(
  module: SqliteModule,
  pointer: number,
  parameterCount: number,
): readonly (string | undefined)[] {
  return Array.from({ length: parameterCount }, (_, at) => {
    const name = module._sqlite3_bind_parameter_name(pointer, at + 1)
    return name === 0 ? undefined : module.UTF8ToString(name)
  })
}

/** The statements used last, at most `countMax`. Those that fall out are handed to `finalize`. */
export class StatementCache {
  readonly #statements = new Map<string, Statement>()
  readonly #countMax: number
  #clock = 0
  readonly #finalize: (statement: Statement) => void

  constructor(countMax: number, finalize: (statement: Statement) => void) {
    assert(countMax > 0, 'a statement is kept while it runs')
    this.#countMax = countMax
    this.#finalize = finalize
  }

  get(sql: string): Statement | undefined {
    const statement = this.#statements.get(sql)
    if (statement !== undefined) statement.usedAt = ++this.#clock
    return statement
  }

  put(sql: string, statement: Statement): void {
    statement.usedAt = ++this.#clock
    this.#statements.set(sql, statement)
    if (this.#statements.size > this.#countMax) this.#dropOldest()
  }

  /** Drops a quarter at once, so that a stream of new statements pays for one sort in many. */
  #dropOldest(): void {
    const byAge = [...this.#statements].sort(([, a], [, b]) => a.usedAt - b.usedAt)
    for (const [sql, statement] of byAge.slice(0, Math.ceil(this.#countMax / 4))) {
      this.#statements.delete(sql)
      this.#finalize(statement)
    }
  }

  /** Empties it, finalizing each when `finalizes`; the statements of an instance that was given up are only forgotten. */
  clear(options: { readonly finalizes: boolean }): void {
    if (options.finalizes) for (const statement of this.#statements.values()) this.#finalize(statement)
    this.#statements.clear()
  }
}
