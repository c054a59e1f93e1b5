/**
 * Interactive transactions. One runs at a time; while it does, nobody else's statement reaches SQLite. It ends by COMMIT when its
 * function returns, and by ROLLBACK when the function throws, when SQLite has rolled it back itself, at its deadline, when its signal
 * is raised, or when the medium failed under it. After its end every use of its handle is refused.
 */
import type { ExecResult, LedTransactionOptions, Queryable, Statement, Transaction } from './api.ts'
import { aborted } from './effects/request-queue.ts'
import type { Clock, SqlEngine } from './effects/ports.ts'
import { DatabaseError } from './errors.ts'
import type { Durability, Receipt } from './events.ts'
import { limits } from './limits.ts'
import type { Row, RowsWanted, RunResult, SqlParam, SqlParams } from './sql.ts'
import { statementOf, statementsOf } from './statement-input.ts'
import { rowsAs, run, runAll, template } from './statements.ts'

export interface TransactionPorts {
  readonly engine: SqlEngine
  readonly clock: Clock
  readonly level: Durability
  readonly receipt: () => Receipt
  /** Registers what ends the transaction from outside; called with the reason when the view was discarded. Returns how to withdraw. */
  readonly onDiscarded: (end: (reason: DatabaseError) => void) => () => void
}

/** Runs `fn` in a transaction of its own. The connection must be idle and stay reserved until the promise settles. */
export async function runTransaction<T>(
  ports: TransactionPorts,
  fn: (tx: Transaction) => Promise<T> | T,
  options: LedTransactionOptions,
): Promise<T> {
  const { engine } = ports
  const scope = new TransactionScope(ports)
  engine.begin()
  const interruption = interrupt(ports, scope, options)
  try {
    const value = await Promise.race([interruption.raised, callback(fn, scope)])
    scope.close(ended())
    scope.assertAlive()
    engine.commit()
    return value
  } catch (error) {
    scope.close(ended())
    // SQLite may have rolled it back itself: the engine is told that it has ended all the same.
    if (!scope.isDiscarded && !engine.isPoisoned) engine.rollback()
    throw scope.failure ?? error
  } finally {
    interruption.withdraw()
  }
}

const callback = async <T>(fn: (tx: Transaction) => Promise<T> | T, scope: TransactionScope): Promise<T> => fn(scope)

/** A promise that rejects when the transaction must end before its function does. */
function interrupt({ clock, onDiscarded }: TransactionPorts, scope: TransactionScope, options: LedTransactionOptions) {
  const { signal, deadlineMs = limits.transactionDeadlineMs } = options
  const { promise, reject } = withReject()
  const end = (reason: DatabaseError) => {
    scope.close(reason)
    reject(reason)
  }
  const onAbort = () => signal !== undefined && end(aborted(signal))
  const cancelTimer = clock.after(deadlineMs, () => end(timedOut(deadlineMs)), { keepsAlive: true })
  const withdrawDiscarded = onDiscarded((reason) => {
    scope.isDiscarded = true
    end(reason)
  })
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true) onAbort()
  const withdraw = () => {
    cancelTimer()
    withdrawDiscarded()
    signal?.removeEventListener('abort', onAbort)
  }
  return { raised: promise, withdraw }
}

function withReject(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<never>((_, rejectPromise) => {
    reject = rejectPromise
  })
  // Whoever races it has its handler attached already; without a race there is nobody to tell.
  promise.catch(() => undefined)
  return { promise, reject }
}

/** What a transaction's function is given. A nested transaction has a scope of its own and closes its parent meanwhile. */
class TransactionScope implements Queryable {
  readonly #ports: TransactionPorts
  readonly #parent: TransactionScope | undefined
  readonly #depth: number
  #closed: DatabaseError | undefined
  #isNesting = false
  /** SQLite rolled the transaction back, or the medium failed: whatever the function does, this is how it ends. */
  failure: DatabaseError | undefined
  isDiscarded = false

  constructor(ports: TransactionPorts, parent?: TransactionScope) {
    this.#ports = ports
    this.#parent = parent
    this.#depth = parent === undefined ? 0 : parent.#depth + 1
  }

  async exec(sql: string, params?: SqlParams): Promise<ExecResult> {
    return this.#execResult(this.#run(statementOf(sql, params), 'none'))
  }

  async query<R extends Row>(
    sql: string,
    params?: SqlParams,
    options: { readonly rowMode?: 'object' | 'array' } = {},
  ): Promise<R[]> {
    return rowsAs<R>(this.#run(statementOf(sql, params), options.rowMode ?? 'object'))
  }

  async sql<R extends Row>(strings: TemplateStringsArray, ...values: SqlParam[]): Promise<R[]> {
    return rowsAs<R>(this.#run(template(strings, values), 'object'))
  }

  async batch(statements: readonly Statement[]): Promise<ExecResult[]> {
    const results = this.#do((stop) =>
      runAll(this.#ports.engine, statementsOf(statements), { rowMode: 'none', shouldStop: stop }),
    )
    return results.map((result) => this.#execResult(result))
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T> | T): Promise<T> {
    const { engine } = this.#ports
    this.#assertUsable()
    const savepoint = `datasync_${this.#depth + 1}`
    const inner = new TransactionScope(this.#ports, this)
    this.#isNesting = true
    engine.savepoint(savepoint)
    try {
      const value = await callback(fn, inner)
      inner.close(ended())
      this.#assertOpen()
      inner.assertAlive()
      engine.releaseSavepoint(savepoint)
      return value
    } catch (error) {
      inner.close(ended())
      this.failure ??= inner.failure
      if (this.#isUsable) {
        engine.rollbackToSavepoint(savepoint)
        engine.releaseSavepoint(savepoint)
      }
      throw error
    } finally {
      this.#isNesting = false
    }
  }

  close(reason: DatabaseError): void {
    this.#closed ??= reason
  }

  /** @throws what ended the transaction already */
  assertAlive(): void {
    if (this.failure !== undefined) throw this.failure
    if (this.#ports.engine.isAutocommit) throw (this.failure = rolledBack())
  }

  get #isUsable(): boolean {
    return this.#closed === undefined && this.failure === undefined && !this.#ports.engine.isAutocommit
  }

  #assertOpen(): void {
    if (this.#parent !== undefined) this.#parent.#assertOpen()
    if (this.#closed !== undefined) throw this.#closed
  }

  #assertUsable(): void {
    this.#assertOpen()
    if (this.#isNesting) throw new DatabaseError('MISUSE', 'a nested transaction is open; use the handle it was given')
    this.assertAlive()
  }

  #run(asked: Statement, rowMode: RowsWanted): RunResult {
    return this.#do((stop) => run(this.#ports.engine, asked, { rowMode, shouldStop: stop }))
  }

  #do<T>(work: (shouldStop: () => boolean) => T): T {
    this.#assertUsable()
    const { clock, engine } = this.#ports
    const stopAtMs = clock.now() + limits.transactionDeadlineMs
    try {
      return work(() => clock.now() > stopAtMs)
    } catch (error) {
      if (!engine.isPoisoned && engine.isAutocommit) this.failure = rolledBack(error)
      throw error
    }
  }

  #execResult({ rowsAffected, lastInsertRowid }: RunResult): ExecResult {
    return { rowsAffected, lastInsertRowid, receipt: this.#ports.receipt(), durability: this.#ports.level }
  }
}

const ended = () =>
  new DatabaseError('TRANSACTION_CLOSED', 'the transaction has ended; its handle can no longer be used')

const timedOut = (deadlineMs: number) =>
  new DatabaseError(
    'TRANSACTION_TIMEOUT',
    `the transaction was still open after ${deadlineMs} ms and was rolled back`,
    {
      details: { deadlineMs },
      retryable: true,
    },
  )

const rolledBack = (cause?: unknown) =>
  new DatabaseError('TRANSACTION_ABORTED', 'SQLite rolled the whole transaction back; nothing more of it runs', {
    cause,
  })
