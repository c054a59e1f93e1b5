/**
 * One WASM instance and the connection in it: prepares, steps and finishes statements, and says in our own errors what SQLite says in
 * codes. A callback's exception is kept here until SQLite has returned; it then goes out in place of SQLite's "disk I/O error".
 */
import { assert } from '../assert.ts'
import type { ConnectionPragmas } from '../sql.ts'
import type { View } from '../storage/view.ts'
import { Authorizer } from './authorizer.ts'
import { auth, LIMIT_LIKE_PATTERN_LENGTH, open, PREPARE_PERSISTENT, rc } from './constants.ts'
import { databaseFileName, DatabaseVfs } from './database-vfs.ts'
import { answerPragma, connectionPragmas, type PragmaNotice } from './pragmas.ts'
import { Scratch } from './scratch.ts'
import { type ErrorPlace, mustNotBePassedOver, pageSizeError, sqlError } from './sql-error.ts'
import { createSqliteModule, type SqliteModule, type WasmBinary } from './sqlite-module.ts'
import { StackGuard } from './stack-guard.ts'
import { describeStatement, readColumns, type Statement } from './statement.ts'
import { columnValue } from './values.ts'
import { cString, registerVfs } from './vfs-table.ts'

export interface ConnectionOptions {
  readonly view: View
  readonly pragmas: ConnectionPragmas
  /** What PRAGMA synchronous reads as: 0 deferred, 1 relaxed, 2 strict. */
  readonly synchronousLevel: number
  readonly tempBytesMax: number
  /** Must not throw. */
  readonly onNotice: (notice: PragmaNotice) => void
  /** A callback threw this, and SQLite went on all the same: a check of the whole database says it in a row. Must not throw. */
  readonly onPassedOver?: (error: unknown) => void
  readonly wasmBinary?: WasmBinary
}

/** The progress handler is asked once per so many instructions of SQLite's machine: a few milliseconds. */
const progressSteps = 100_000
/** LIKE calls itself for each wildcard; much longer patterns overflow the stack of the WASM instance. */
const likePatternBytesMax = 10_000

/** Each has a VFS of its own, which stays in the instance when another connection follows there. */
let connectionsMade = 0

export class Connection {
  readonly module: SqliteModule
  readonly vfs: DatabaseVfs
  readonly authorizer: Authorizer
  /** For the parameters of one statement. */
  readonly scratch: Scratch
  /** For the text of one request. */
  readonly sqlScratch: Scratch
  readonly #options: ConnectionOptions
  readonly #stack: StackGuard
  readonly #out: number
  readonly #vfsName: number
  #db = 0
  #failure: unknown
  #answeredPragma: string | undefined
  #shouldStop: (() => boolean) | undefined

  /** In a new instance, or in the one that is given and is nobody else's. */
  static async create(options: ConnectionOptions, made = createSqliteModule(options.wasmBinary)): Promise<Connection> {
    const connection = new Connection(await made, options)
    connection.open()
    return connection
  }

  private constructor(module: SqliteModule, options: ConnectionOptions) {
    this.module = module
    this.#stack = new StackGuard(module)
    this.#options = options
    this.scratch = new Scratch(module)
    this.sqlScratch = new Scratch(module)
    this.#out = module._sqlite3_malloc(8)
    const decode = (pointer: number) => (pointer === 0 ? undefined : module.UTF8ToString(pointer))
    this.authorizer = new Authorizer(options.onNotice, decode)
    this.vfs = new DatabaseVfs(module, {
      view: options.view,
      tempBytesMax: options.tempBytesMax,
      isRunning: () => this.authorizer.isRunning,
      checkStack: () => this.#stack.check(),
      answerPragma: (name, value) => this.#answer(name, value),
    })
    this.#vfsName = registerVfs(module, `datasync-${++connectionsMade}`, this.vfs, (error) => this.#remember(error))
  }

  /** True while no transaction is open. */
  get isAutocommit(): boolean {
    return this.module._sqlite3_get_autocommit(this.#db) !== 0
  }

  get db(): number {
    return this.#db
  }

  /** @throws BLOCK_SIZE_MISMATCH if the file has pages of another size; what reading the View throws */
  open(): void {
    assert(this.#db === 0, 'an instance has one connection')
    const module = this.module
    this.vfs.admit()
    const name = cString(module, databaseFileName)
    const code = module._sqlite3_open_v2(name, this.#out, open.READWRITE | open.CREATE, this.#vfsName)
    module._sqlite3_free(name)
    this.#db = module.HEAP32[this.#out >> 2] ?? 0
    if (code !== rc.OK) throw this.error(code)
    module._sqlite3_extended_result_codes(this.#db, 1)
    module._sqlite3_limit(this.#db, LIMIT_LIKE_PATTERN_LENGTH, likePatternBytesMax)
    module._RegisterExtensionFunctions(this.#db)
    this.#listen()
    const { view, pragmas, synchronousLevel } = this.#options
    const blockSize = view.blockSize
    for (const setting of connectionPragmas(pragmas, { blockSize, synchronousLevel }))
      this.internal(`PRAGMA ${setting}`)
    const [pageSize] = this.internal('PRAGMA page_size')[0] ?? []
    if (pageSize !== blockSize) throw pageSizeError(blockSize, pageSize)
  }

  /** Closes the connection, whose statements are all finalized, and takes the file from it first: what it still writes is lost. */
  close(): void {
    this.vfs.retire()
    const db = this.#db
    this.#db = 0
    const code = this.module._sqlite3_close(db)
    assert(code === rc.OK, 'a connection is closed without statements')
  }

  /**
   * Prepares the first statement of the SQL at `pointer`; undefined if there is only space or a comment. `tail` is where it ends.
   * `base`: where the SQL of the whole request begins, for the offset of an error. `isKept`: it is run more than once.
   */
  prepare(at: ErrorPlace & { readonly pointer: number; readonly end: number; readonly isKept: boolean }): {
    readonly statement: Statement | undefined
    readonly tail: number
  } {
    const module = this.module
    this.#failure = undefined
    this.#answeredPragma = undefined
    this.authorizer.facts = 0
    const bytes = at.end - at.pointer + 1 // The zero behind it counted, SQLite reads in place instead of copying the rest.
    const flags = at.isKept ? PREPARE_PERSISTENT : 0 // Kept ones leave SQLite's fast memory to those that come and go.
    let code: number
    try {
      code = module._sqlite3_prepare_v3(this.#db, at.pointer, bytes, flags, this.#out, this.#out + 4)
    } catch (error) {
      throw this.#stack.translated(error)
    }
    this.#stack.check()
    if (code !== rc.OK) throw this.error(code, at)
    const pointer = module.HEAP32[this.#out >> 2] ?? 0
    const tail = module.HEAP32[(this.#out >> 2) + 1] ?? 0
    if (pointer === 0) return { statement: undefined, tail }
    return { statement: describeStatement(module, pointer, this.authorizer.facts, this.#answeredPragma), tail }
  }

  /** Begins to watch a request: SQLite stops when `shouldStop` says so. */
  watch(shouldStop: (() => boolean) | undefined): void {
    this.#shouldStop = shouldStop
  }

  /** Runs to the next row or the end. Returns ROW, DONE or an error's code. */
  step(pointer: number): number {
    this.authorizer.isRunning = true
    try {
      return this.module._sqlite3_step(pointer)
    } catch (error) {
      throw this.#stack.translated(error)
    } finally {
      this.authorizer.isRunning = false
    }
  }

  /** Forgets what a callback threw before this statement. */
  forget(): void {
    this.#failure = undefined
  }

  /** SQLite went on, but one of our own rules was broken below it, or a page was not there that it asked for. */
  assertSound(): void {
    const failure = this.#failure
    if (failure === undefined) return
    if (mustNotBePassedOver(failure)) throw failure
    this.#failure = undefined
    this.#options.onPassedOver?.(failure)
  }

  /** Runs one statement of the engine's own and returns its rows. */
  internal(sql: string): readonly (readonly unknown[])[] {
    const module = this.module
    const pointer = this.sqlScratch.text(sql)
    const end = pointer + this.sqlScratch.textBytes
    this.authorizer.isInternal = true
    try {
      const { statement } = this.prepare({ pointer, end, base: pointer, index: 0, isKept: false })
      assert(statement !== undefined, 'internal SQL is one statement')
      const rows: unknown[][] = []
      const columns = readColumns(module, statement.pointer)
      let code = this.step(statement.pointer)
      for (; code === rc.ROW; code = this.step(statement.pointer)) {
        rows.push(columns.map((_, column) => columnValue(module, statement.pointer, column)))
      }
      const error = code === rc.DONE ? undefined : this.error(code)
      module._sqlite3_finalize(statement.pointer)
      if (error !== undefined) throw error
      return rows
    } finally {
      this.authorizer.isInternal = false
      this.sqlScratch.release()
    }
  }

  /** What to throw for a result code: what a callback threw if one did, else what SQLite says. Reads the connection's last error. */
  error(code: number, at?: ErrorPlace): unknown {
    const failure = this.#failure
    this.#failure = undefined
    return sqlError(this.module, { db: this.#db, code, failure, ...at })
  }

  /** Lets SQLite ask what a statement may do, and whether to go on. */
  #listen(): void {
    this.module.set_authorizer(
      this.#db,
      (_, what, first, second, schema) => {
        try {
          return this.authorizer.check(what, first, second, schema)
        } catch (error) {
          this.#remember(error)
          return auth.DENY
        }
      },
      0,
    )
    const progress = () => {
      try {
        return this.#shouldStop?.() === true ? 1 : 0
      } catch (error) {
        this.#remember(error)
        return 1
      }
    }
    this.module.progress_handler(this.#db, progressSteps, progress, 0)
  }

  #remember(error: unknown): void {
    this.#failure ??= error
  }

  #answer(name: string, value: string | undefined): ReturnType<typeof answerPragma> {
    if (this.authorizer.isInternal) return undefined
    const answer = answerPragma(name, value, this.#options.onNotice)
    if (answer?.row !== undefined) this.#answeredPragma = name
    return answer
  }
}
