/** What the effects need done and do not do themselves. Composition provides each. */
import type { Row, RowsWanted, RunResult, SqlParams } from '../sql.ts'

/** SQLite on one connection; every call is synchronous. Implemented by vfs/engine.ts. */
export interface SqlEngine {
  run(
    sql: string,
    params: SqlParams | undefined,
    options: { readonly rowMode: RowsWanted; readonly resultBytesMax: number; readonly shouldStop?: () => boolean },
  ): RunResult & { readonly rows: readonly Row[] }
  /** False while a transaction is open. */
  readonly isAutocommit: boolean
  begin(): void
  commit(): void
  rollback(): void
  savepoint(name: string): void
  releaseSavepoint(name: string): void
  rollbackToSavepoint(name: string): void
  /** Reopens the connection over the view as it is now, on a new WASM instance if this one is poisoned or has grown. */
  rebuild(): Promise<void>
  readonly wasmBytes: number
  readonly isPoisoned: boolean
  close(): void
}

/** Time. Machines are told it; nothing outside effects asks for it. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /** Milliseconds since 1970. */
  wallMs(): number
  /** Runs `fn` once; returns how to cancel it. `keepsAlive`: the process must not end before it. */
  after(ms: number, fn: () => void, options?: { readonly keepsAlive: boolean }): () => void
  /** Runs `fn` once the event loop has had a turn. */
  soon(fn: () => void): void
  /** Runs `fn` in the next moment that nobody needs, or after a second without one; returns how to cancel it. Absent: now is as good. */
  idle?(fn: () => void): () => void
}
