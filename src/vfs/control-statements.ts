/** BEGIN, COMMIT, ROLLBACK and savepoints as the engine sends them: not asked about, kept prepared apart from what requests send. */
import { assert } from '../assert.ts'
import type { Connection } from './connection.ts'
import type { Statement } from './statement.ts'

/** Savepoints have names, so there may be many; at this number all are prepared anew. */
const statementsMax = 32

export class ControlStatements {
  readonly #statements = new Map<string, Statement>()
  readonly #finalize: (statement: Statement) => void

  constructor(finalize: (statement: Statement) => void) {
    this.#finalize = finalize
  }

  /** The statement for `sql`, prepared if need be. */
  get(connection: Connection, sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    if (this.#statements.size >= statementsMax) this.clear({ finalizes: true })
    const statement = prepareInternal(connection, sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** Empties it, finalizing each when `finalizes`; the statements of an instance that was given up are only forgotten. */
  clear(options: { readonly finalizes: boolean }): void {
    if (options.finalizes) for (const statement of this.#statements.values()) this.#finalize(statement)
    this.#statements.clear()
  }
}

function prepareInternal(connection: Connection, sql: string): Statement {
  const { sqlScratch, authorizer } = connection
  const base = sqlScratch.text(sql)
  const end = base + sqlScratch.textBytes
  authorizer.isInternal = true
  try {
    const { statement } = connection.prepare({ pointer: base, end, base, index: 0, isKept: true })
    assert(statement !== undefined, 'transaction control is one statement')
    return statement
  } finally {
    authorizer.isInternal = false
    sqlScratch.release()
  }
}

/** `name` as it may stand in SQL. */
export function identifier(name: string): string {
  assert(/^[A-Za-z_]\w*$/.test(name), 'a savepoint has an identifier for its name')
  return name
}
