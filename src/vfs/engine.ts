/**
 * SQL over the View: runs requests on one connection, synchronously.
 *
 * 1. A statement that has ended outside a transaction leaves no overlay: what was not sealed was rolled back, and is dropped.
 * 2. A write that succeeded outside a transaction is sealed; if not, a rule of ours is broken and the engine is poisoned.
 * 3. No statement stays open between requests: each is reset and its bindings cleared, after an error too.
 * 4. TEMP objects live within one transaction: they are made inside `begin`, and dropped before its COMMIT.
 * 5. An exception that passes through C poisons the engine: it refuses everything until `rebuild` has replaced the WASM instance.
 */
import { assert } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { RunResult, SqlParams } from '../sql.ts'
import { seen } from './authorizer.ts'
import { Connection } from './connection.ts'
import { ControlStatements, identifier } from './control-statements.ts'
import { aborted, closed } from './engine-errors.ts'
import { EngineGuard } from './engine-guard.ts'
import type { Engine, EngineOptions, RunOptions } from './engine-types.ts'
import { parameterValues } from './parameters.ts'
import { runStatement, type StatementInput } from './run-statement.ts'
import { isCacheable, noStatement, Script, type Total } from './script.ts'
import type { SqliteModule } from './sqlite-module.ts'
import { type Statement, StatementCache } from './statement.ts'
import { dropTempObjects } from './temp-objects.ts'
import { integer } from './values.ts'

export type { Engine, EngineOptions, RunOptions }

/** `module`: an instance that is made already, or on its way, and is nobody else's. */
export async function createEngine(options: EngineOptions, module?: Promise<SqliteModule>): Promise<Engine> {
  return new SqliteEngine(await Connection.create(options, module), options)
}

class SqliteEngine implements Engine {
  readonly #options: EngineOptions
  readonly #cache: StatementCache
  readonly #control: ControlStatements
  readonly #guard: EngineGuard
  #connection: Connection
  #hasTempObjects = false

  constructor(connection: Connection, options: EngineOptions) {
    this.#options = options
    this.#connection = connection
    this.#guard = new EngineGuard(() => this.#options.view.dropOverlay())
    const finalize = (statement: Statement) => this.#finalize(statement)
    this.#cache = new StatementCache(options.statementCacheMax, finalize)
    this.#control = new ControlStatements(finalize)
  }

  get isAutocommit(): boolean {
    return this.#guard.state !== 'open' || this.#connection.isAutocommit
  }

  get wasmBytes(): number {
    return this.#connection.module.HEAPU8.byteLength
  }

  get tempBytes(): number {
    return this.#connection.vfs.tempBytes
  }

  get isPoisoned(): boolean {
    return this.#guard.isPoisoned
  }

  run(sql: string, params: SqlParams | undefined, options: RunOptions): RunResult {
    this.#guard.assertOpen()
    this.#assertNotAborted()
    const connection = this.#connection
    const total: Total = { rows: [], rowsAffected: 0 }
    try {
      connection.watch(options.shouldStop)
      const cached = this.#cache.get(sql)
      if (cached === undefined) this.#runScript(sql, params, options, total)
      else this.#runOne(cached, parameterValues(cached, params, true), options, 0, total)
      const low = connection.module._sqlite3_last_insert_rowid(connection.db)
      const lastInsertRowid = integer(low, connection.module.getTempRet0())
      return { rows: total.rows, rowsAffected: total.rowsAffected, lastInsertRowid }
    } catch (error) {
      throw this.#guard.surface(error)
    }
  }

  begin(): void {
    this.#guard.assertOpen()
    assert(!this.#connection.authorizer.isInTransaction, 'transactions begin one at a time')
    this.#runControl('BEGIN')
    this.#connection.authorizer.isInTransaction = true
    if (this.#options.pragmas.deferForeignKeys === true)
      this.#guard.run(() => this.#connection.internal('PRAGMA defer_foreign_keys=ON'))
  }

  commit(): void {
    this.#guard.assertOpen()
    if (this.#connection.isAutocommit) {
      this.#ended()
      throw aborted()
    }
    if (this.#hasTempObjects) this.#guard.run(() => dropTempObjects(this.#connection))
    this.#runControl('COMMIT')
    this.#ended()
  }

  rollback(): void {
    this.#guard.assertOpen()
    if (!this.#connection.isAutocommit) this.#runControl('ROLLBACK')
    this.#ended()
  }

  savepoint(name: string): void {
    this.#assertNotAborted()
    this.#runControl(`SAVEPOINT ${identifier(name)}`)
  }

  releaseSavepoint(name: string): void {
    this.#runControl(`RELEASE ${identifier(name)}`)
  }

  rollbackToSavepoint(name: string): void {
    this.#runControl(`ROLLBACK TO ${identifier(name)}`)
  }

  async rebuild(): Promise<void> {
    if (this.#guard.state === 'closed') throw closed()
    assert(this.#guard.state !== 'rebuilding', 'a rebuild ends before the next begins')
    const isWorn = this.isPoisoned || this.wasmBytes > limits.wasmIdleBytesMax
    const wasPoisoned = this.isPoisoned
    this.#guard.turn('rebuilding')
    try {
      this.#release({ isPoisoned: wasPoisoned })
      if (isWorn) await this.#replace()
      else this.#connection.open()
    } catch (cause) {
      if (!this.#guard.isClosed) this.#guard.poison(cause)
      throw cause
    }
    this.#guard.turn('open')
  }

  /** Closed meanwhile, the new instance is not kept: nobody would close it. */
  async #replace(): Promise<void> {
    const connection = await Connection.create(this.#options)
    if (!this.#guard.isClosed) return void (this.#connection = connection)
    connection.close()
    throw closed()
  }

  close(): void {
    if (this.#guard.state === 'closed') return
    const { isPoisoned } = this
    // A rebuild has let the old connection go already, and lets the new one go itself.
    const isReleased = this.#guard.state === 'rebuilding'
    this.#guard.turn('closed')
    if (!isReleased) this.#release({ isPoisoned })
  }

  /** Runs SQL that is not kept prepared, and keeps it if it is one statement. */
  #runScript(sql: string, params: SqlParams | undefined, options: RunOptions, total: Total): void {
    const script = new Script(this.#connection, sql, { params, wantsRows: options.rowMode !== 'none' })
    try {
      for (;;) {
        this.#guard.isInside = true
        const statement = script.next()
        this.#guard.isInside = false
        if (statement === undefined) break
        const isKept = script.isOnly && isCacheable(statement, sql)
        if (isKept) this.#cache.put(sql, statement)
        try {
          this.#runOne(statement, script.values(statement), options, script.index, total)
        } finally {
          if (!isKept) script.finalize(statement)
        }
      }
      if (script.isEmpty) parameterValues(noStatement, params, true)
    } finally {
      script.release()
    }
  }

  #runOne(
    statement: Statement,
    values: StatementInput['values'],
    options: RunOptions,
    index: number,
    total: Total,
  ): void {
    const wasSeen = statement.facts
    this.#guard.isInside = true
    const run = runStatement(this.#connection, statement, {
      values,
      index,
      rowMode: options.rowMode,
      resultBytesMax: options.resultBytesMax,
    })
    this.#settle(statement, run.error === undefined)
    // What a callback threw and is no DatabaseError is treated as if it had passed through.
    this.#guard.isInside = run.error !== undefined && !(run.error instanceof DatabaseError)
    if ((wasSeen & seen.temp) !== 0) this.#hasTempObjects = true
    if (run.error !== undefined) throw run.error
    total.rowsAffected += run.rowsAffected
    if (statement.hasColumns) total.rows = run.rows
  }

  /** Invariants 1 and 2. */
  #settle(statement: Statement, isSuccess: boolean): void {
    if (!this.#options.view.hasOverlay || !this.#connection.isAutocommit) return
    this.#options.view.dropOverlay()
    const isRollback = (statement.facts & (seen.control | seen.commit)) === seen.control
    const isWrite = !statement.isReadonly || (statement.facts & seen.commit) !== 0
    assert(!isSuccess || !isWrite || isRollback, 'a write that succeeded outside a transaction is sealed')
  }

  #runControl(sql: string): void {
    this.#guard.assertOpen()
    this.#guard.run(() => {
      const statement = this.#control.get(this.#connection, sql)
      this.#runOne(statement, [], { rowMode: 'none', resultBytesMax: 0 }, 0, { rows: [], rowsAffected: 0 })
    })
  }

  /** After a rollback of SQLite's own, what follows would commit by itself. */
  #assertNotAborted(): void {
    if (this.#guard.state !== 'open') return
    if (this.#connection.authorizer.isInTransaction && this.#connection.isAutocommit) throw aborted()
  }

  /** The transaction is over: what it made in TEMP is gone with it. */
  #ended(): void {
    this.#connection.authorizer.isInTransaction = false
    this.#hasTempObjects = false
  }

  /** Gives up the connection and, unless it is poisoned, everything in it. What it has not sealed is lost. */
  #release(options: { readonly isPoisoned: boolean }): void {
    this.#connection.vfs.retire()
    this.#options.view.dropOverlay()
    this.#ended()
    this.#cache.clear({ finalizes: !options.isPoisoned })
    this.#control.clear({ finalizes: !options.isPoisoned })
    if (!options.isPoisoned) this.#connection.close()
  }

  #finalize(statement: Statement): void {
    this.#connection.module._sqlite3_finalize(statement.pointer)
  }
}
