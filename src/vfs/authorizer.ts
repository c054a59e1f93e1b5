/**
 * What a statement may do, asked by SQLite while it prepares it, and what it was seen to do.
 *
 * A refusal is an exception: the callback keeps it for the engine, which gives it to the caller in place of SQLite's
 * "not authorized". Statements that the engine itself sends are not asked about. While a statement runs, SQLite prepares statements
 * of its own (VACUUM attaches its copy, FTS5 writes its tables); they are let through, except for a file that would be written.
 */
import { DatabaseError } from '../errors.ts'
import { action, auth } from './constants.ts'
import { checkPragma, type PragmaNotice } from './pragmas.ts'

/** Facts about one statement, as bits. */
export const seen = {
  /** INSERT, UPDATE or DELETE of rows. */
  rows: 1,
  /** BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE. */
  control: 2,
  /** COMMIT; with `control`. */
  commit: 4,
  /** The schema, a setting, an attached database: never kept prepared. */
  schema: 8,
  temp: 16,
} as const

export class Authorizer {
  /** The engine's own statements. */
  isInternal = false
  /** Between `begin` and its end. */
  isInTransaction = false
  /** A statement runs: what is prepared now, SQLite asked for. */
  isRunning = false
  /** Bits of `seen`, of the statement prepared last. */
  facts = 0
  readonly #onNotice: (notice: PragmaNotice) => void
  readonly #decode: (pointer: number) => string | undefined

  /** @param decode reads the text at a pointer; undefined for none */
  constructor(onNotice: (notice: PragmaNotice) => void, decode: (pointer: number) => string | undefined) {
    this.#onNotice = onNotice
    this.#decode = decode
  }

  /**
   * One action of the statement being prepared; its arguments are pointers to text.
   * @throws MISUSE, SETTING_REFUSED, ATTACH_REFUSED
   */
  check(what: number, first: number, second: number, schema: number): number {
    switch (what) {
      case action.READ:
      case action.SELECT:
      case action.FUNCTION:
      case action.RECURSIVE:
        return auth.ALLOW
      case action.INSERT:
        this.facts |= seen.rows
        // CREATE TRIGGER temp.name ON a stored table is known by this alone.
        if (!this.isInternal && !this.isRunning && this.#isTempSchema(first, schema)) this.#createTemp(undefined)
        return auth.ALLOW
      case action.UPDATE:
      case action.DELETE:
        this.facts |= seen.rows
        return auth.ALLOW
      case action.ATTACH:
      case action.DETACH:
        return this.#attach(what, this.#decode(first))
      default:
        if (!this.isInternal && !this.isRunning) {
          this.#checkRequest(what, this.#decode(first), this.#decode(second), this.#decode(schema))
        }
        return auth.ALLOW
    }
  }

  #checkRequest(what: number, first: string | undefined, second: string | undefined, schema: string | undefined): void {
    switch (what) {
      case action.TRANSACTION:
        this.facts |= first === 'COMMIT' ? seen.control | seen.commit : seen.control
        if (this.isInTransaction) {
          throw new DatabaseError(
            'MISUSE',
            `${first ?? 'this'} is not for statements inside transaction(); return or throw from its function`,
          )
        }
        return
      case action.SAVEPOINT:
        this.facts |= seen.control
        return
      case action.PRAGMA:
        this.facts |= seen.schema
        checkPragma(
          { name: first ?? '', value: second, schema },
          { isInTransaction: this.isInTransaction, onNotice: this.#onNotice },
        )
        return
      case action.CREATE_TEMP_INDEX:
      case action.CREATE_TEMP_TABLE:
      case action.CREATE_TEMP_TRIGGER:
      case action.CREATE_TEMP_VIEW:
        return this.#createTemp(first)
      default:
        this.facts |= seen.schema
        // TEMP may also be said as the schema of the name.
        if (schema === 'temp') this.#createTemp(first)
    }
  }

  #isTempSchema(table: number, schema: number): boolean {
    return this.#decode(schema) === 'temp' && (this.#decode(table) ?? '').startsWith('sqlite_')
  }

  #createTemp(name: string | undefined): void {
    this.facts |= seen.schema | seen.temp
    if (this.isInTransaction) return
    throw new DatabaseError(
      'MISUSE',
      `${name ?? 'a TEMP object'} would outlive its request; create TEMP objects inside transaction(), at whose end they are dropped`,
    )
  }

  /** VACUUM attaches an unnamed file while it runs, and VACUUM INTO a named one. */
  #attach(what: number, name: string | undefined): number {
    if (this.isInternal || (this.isRunning && (what === action.DETACH || name === ''))) return auth.ALLOW
    this.facts |= seen.schema
    const instead = this.isRunning
      ? 'VACUUM INTO writes a file; use export()'
      : 'a second database cannot be attached; open it on its own'
    throw new DatabaseError('ATTACH_REFUSED', instead)
  }
}
