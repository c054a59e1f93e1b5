/** The public API: what `open` returns and takes. Implemented by database.ts and transaction.ts. */
import type { Observable } from 'rxjs'
import type { CommitEvent, DatabaseEvent, Durability, Receipt, Status } from './events.ts'
import type { Metrics } from './metrics.ts'
import type { ImportSource } from './import-source.ts'
import type { Logger } from './logger.ts'
import type { ConnectionPragmas, Row, RowMode, SqlParam, SqlParams, SqlValue } from './sql.ts'
import type { ChecksumAlgorithm, VerifyReport } from './storage/block-store.ts'
import type { RecoveryReport } from './storage/recovery-report.ts'
import type { SyncCallbacks } from './streams/callbacks.ts'

export interface OpenOptions {
  /** Where the database lies. Default 'auto': `fs` in Node; in browsers the store that is there, else OPFS, else IndexedDB. */
  readonly storage?:
    | 'auto'
    | 'fs'
    | 'opfs'
    | 'indexeddb'
    | 'memory'
    /** `network`: on a file system that machines share too, where locks and barriers mean too little to promise anything. */
    | { readonly kind: 'fs'; readonly base?: string; readonly network?: boolean }
    | { readonly kind: 'memory' }
  /** Level of every request that does not name its own. Default 'strict'. */
  readonly durability?: Durability
  readonly syncPolicy?: SyncPolicy
  /** Watermarks on sealed, not yet durable bytes. Above high, requests wait until normal. Default 64 MiB and 32 MiB. */
  readonly backpressure?: { readonly highBytes: number; readonly normalBytes: number }
  readonly recovery?: RecoveryOptions
  /** For blocks written from now on; existing blocks keep theirs. Default 'xxh64'. */
  readonly checksum?: ChecksumAlgorithm
  /** Bytes; a power of two from 4096 to 65536. Default 4096, or what the store has. */
  readonly blockSize?: number
  /** Settings of the connection, applied at every open and rebuild. */
  readonly pragmas?: ConnectionPragmas
  /** Verified blocks kept in memory. Default 64 MiB. */
  readonly cacheBytes?: number
  /** Stops the opening; a database that is open is not affected. */
  readonly signal?: AbortSignal
  /** Milliseconds that the opening waits for whoever leads the database; default 30,000. */
  readonly deadlineMs?: number
  /** Structured records of flushes, checkpoints and recovery. Default: silent. */
  readonly logger?: Logger
  /** Plain callbacks beside `events$`. */
  readonly on?: SyncCallbacks
  /**
   * In browsers: which thread has the database. Default: a worker of its own, where there is a window; this thread otherwise.
   * `false` is this thread; a function makes the worker, whose script must be the package's `worker.js`.
   */
  readonly worker?: boolean | (() => Worker)
  /** In browsers: where `wa-sqlite.wasm` is, when it cannot be found beside the package. */
  readonly wasmUrl?: string
  /** The SQLite WASM binary, when it cannot be found beside the package. */
  readonly wasmBinary?: Uint8Array
}

/** When sealed transactions are flushed without being asked. 0 switches a trigger off; `maxWaitMs` is always on. */
export interface SyncPolicy {
  readonly intervalMs?: number
  readonly debounceMs?: number
  readonly maxWaitMs?: number
  readonly maxDirtyBlocks?: number
  readonly maxDirtyBytes?: number
  /** Reads every record back after its barrier and compares it. Default false. */
  readonly verifyAfterWrite?: boolean
}

export interface RecoveryOptions {
  /** Blocks of the home compared with their checksums at open. Default 'sample'. */
  readonly verify?: 'full' | 'sample' | 'none'
  readonly sampleSize?: number
  /** Default 'fail': nothing is changed and the error names block and file. */
  readonly onCorruption?: 'fail' | 'report' | 'repair'
  /** The home file was changed by another SQLite while it was closed. Default 'fail'. */
  readonly homeChanged?: 'fail' | 'adopt'
  /**
   * In browsers: the store holds less than its witness saw, or nothing, or the browser says that it has lost it. Default 'fail': STORE_LOST
   * at every opening, and nothing is made. 'open' goes on with what is there; `destroy` starts anew.
   */
  readonly onLost?: 'fail' | 'open'
}

export interface RequestOptions {
  readonly durability?: Durability
  readonly signal?: AbortSignal
  /** Milliseconds; default 30,000. Bounds waiting and running. */
  readonly deadlineMs?: number
  /**
   * `client:n`, n counting from 1 for each client name: asked again, a request is answered instead of run again. A client begins with 1;
   * after a restart it goes on with any n if something of it was committed, else with 1 again.
   */
  readonly requestId?: string
}

export interface QueryOptions extends RequestOptions {
  /** Default 'object'. */
  readonly rowMode?: RowMode
}

export interface TransactionOptions {
  readonly durability?: Durability
  readonly signal?: AbortSignal
  /** Milliseconds from its first statement to its COMMIT; default 30,000. */
  readonly deadlineMs?: number
  /** How often `fn` runs again after LEADER_CHANGED, when nothing of it was applied. Default 0. */
  readonly retry?: number
}

export interface ExecResult {
  readonly rowsAffected: number
  readonly lastInsertRowid: number | bigint
  /** Of the last transaction the request sealed; of the newest sealed one if it changed nothing. */
  readonly receipt: Receipt
  /** The level this answer was given at. */
  readonly durability: Durability
}

export interface Statement {
  readonly sql: string
  readonly params?: SqlParams
}

/** What can be asked of an open database, and of a transaction on it. */
export interface Queryable {
  /**
   * Runs one or several statements. Without BEGIN each commits on its own; the promise answers for all. The list of parameters may be
   * used again at once; bytes in it have to stay as they are until the promise settles.
   */
  exec(sql: string, params?: SqlParams, options?: RequestOptions): Promise<ExecResult>
  /** Rows of the last statement that returns any. */
  query<R extends Row = { readonly [column: string]: SqlValue }>(
    sql: string,
    params?: SqlParams,
    options?: QueryOptions,
  ): Promise<R[]>
  /** Rows of a statement whose `${values}` are bound, never spliced in. */
  sql<R extends Row = { readonly [column: string]: SqlValue }>(
    strings: TemplateStringsArray,
    ...values: SqlParam[]
  ): Promise<R[]>
  /** Runs the statements as one transaction, all or none. */
  batch(statements: readonly Statement[], options?: RequestOptions): Promise<ExecResult[]>
  /** Isolated: nobody else's statement runs between. Inside another one it is a savepoint. Rolled back when `fn` throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T> | T, options?: TransactionOptions): Promise<T>
}

export type Transaction = Queryable

export interface Database extends Queryable, AsyncDisposable {
  readonly name: string
  /**
   * Rows one by one, as of one moment. The statement is run to its end first, so that none stays open between requests: until they are
   * read, all its rows are in memory, at most 256 MiB. For more, page by a key: `WHERE id > ? ORDER BY id LIMIT n`. @throws RESULT_TOO_LARGE
   */
  iterate<R extends Row = { readonly [column: string]: SqlValue }>(
    sql: string,
    params?: SqlParams,
    options?: QueryOptions,
  ): AsyncIterable<R>
  /** Makes everything sealed so far durable. */
  forceSync(): Promise<Receipt>
  /** Resolves once the commit of this receipt is durable. @throws COMMIT_LOST */
  durable(receipt: Receipt): Promise<void>
  /**
   * Refuses new requests, finishes the waiting ones, flushes, folds the log into the home and closes. Idempotent. A worker that does not
   * answer within a minute is ended: DEADLINE_EXCEEDED, and what was acknowledged is found by the next open.
   */
  drainAndShutdown(): Promise<void>
  /** The same as `drainAndShutdown`. */
  close(): Promise<void>
  /** Compares every block with its checksum. */
  verify(): Promise<VerifyReport>
  /** Folds the log into the home. */
  checkpoint(): Promise<void>
  /** A plain SQLite file of the database as of now; writes go on meanwhile. */
  export(): ReadableStream<Uint8Array>
  /** Replaces the database by a plain SQLite file: verified first, one commit. */
  import(source: ImportSource): Promise<Receipt>
  readonly events$: Observable<DatabaseEvent>
  readonly commits$: Observable<CommitEvent>
  readonly metrics$: Observable<Metrics>
  readonly status$: Observable<Status>
  readonly recoveryReport: RecoveryReport
}

/** As much of an AbortSignal as a request needs. It is raised at most once. */
export interface Signal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface LedTransactionOptions extends Omit<TransactionOptions, 'signal'> {
  readonly signal?: Signal
  /** Under which its commit is known afterwards. */
  readonly requestId?: string
}

/** applied: durable. fresh: not applied, and it will not be. unknown: nobody knows any more. */
export type RequestFate = 'applied' | 'fresh' | 'unknown'

/** A request that came from another member. */
export interface LedQueryOptions extends Omit<QueryOptions, 'signal'> {
  readonly signal?: Signal
  /** The level of that member, where the request names none of its own. */
  readonly memberDurability?: Durability
}

/** A database where it is led, as the members that share it see it. */
export interface Led extends Database {
  exec(sql: string, params?: SqlParams, options?: LedQueryOptions): Promise<ExecResult>
  query<R extends Row>(sql: string, params?: SqlParams, options?: LedQueryOptions): Promise<R[]>
  iterate<R extends Row>(sql: string, params?: SqlParams, options?: LedQueryOptions): AsyncGenerator<R>
  batch(statements: readonly Statement[], options?: LedQueryOptions): Promise<ExecResult[]>
  transaction<T>(fn: (tx: Transaction) => Promise<T> | T, options?: LedTransactionOptions): Promise<T>
  /** What became of a request with this id. @throws LEASE_LOST */
  outcomeOf(requestId: string): Promise<RequestFate>
  /** What is sealed is flushed. If nothing is, the medium is left alone. */
  flush(): Promise<void>
}
