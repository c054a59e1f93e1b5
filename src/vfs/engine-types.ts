/** What the engine offers to those who run requests. engine.ts says what always holds. */
import type { RowsWanted, RunResult, SqlParams } from '../sql.ts'
import type { ConnectionOptions } from './connection.ts'

export interface EngineOptions extends ConnectionOptions {
  /** Statements kept prepared; the one used longest ago gives way. */
  readonly statementCacheMax: number
}

export interface RunOptions {
  readonly rowMode: RowsWanted
  /** Most that the rows of one statement may hold: 16 bytes a value, and the length of its text or bytes. */
  readonly resultBytesMax: number
  /** Asked every few milliseconds while SQLite works; true stops the statement. */
  readonly shouldStop?: () => boolean
}

export interface Engine {
  /**
   * Runs the statements of `sql` in order. Outside a transaction each one commits on its own; after an error the earlier ones stand.
   * Parameters by position go to the one statement that has any; by name, to every statement that asks for them.
   * @throws SQL_ERROR, INVALID_PARAMETER, MISUSE, SETTING_REFUSED, ATTACH_REFUSED, TRANSACTION_TOO_LARGE, RESULT_TOO_LARGE,
   *   ABORTED with details.interrupted when shouldStop said so; what the store throws; DATABASE_FAILED when poisoned.
   *   details.statement counts the statements from 0, details.offset points into `sql`.
   */
  run(sql: string, params: SqlParams | undefined, options: RunOptions): RunResult
  /** True while no transaction is open. */
  readonly isAutocommit: boolean
  /** Begins a transaction that only `commit` and `rollback` end: BEGIN, COMMIT and ROLLBACK in requests are MISUSE until then. */
  begin(): void
  /** @throws TRANSACTION_ABORTED if SQLite has rolled it back; SQL_ERROR if it cannot commit (a deferred key), it is then still open */
  commit(): void
  /** Rolls back whatever transaction is open; without one it does nothing. */
  rollback(): void
  /** `name`: an identifier. */
  savepoint(name: string): void
  releaseSavepoint(name: string): void
  rollbackToSavepoint(name: string): void
  /**
   * Makes the connection anew over the View as it is now, sealed transactions included; an open one is gone. The WASM instance is
   * replaced if it is poisoned or has grown past limits.wasmIdleBytesMax.
   */
  rebuild(): Promise<void>
  /** Memory of the WASM instance, which never shrinks; and of temporary files beside it. */
  readonly wasmBytes: number
  readonly tempBytes: number
  readonly isPoisoned: boolean
  /** Finalizes everything. Later calls are DATABASE_CLOSED. */
  close(): void
}
