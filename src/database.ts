/** The open database: each call becomes a request to the executor, in the order the calls were made. */
import type {
  ExecResult,
  Led,
  LedQueryOptions,
  LedTransactionOptions,
  QueryOptions,
  RequestFate,
  RequestOptions,
  Statement,
  Transaction,
} from './api.ts'
import { AsyncScope } from './effects/async-scope.ts'
import type { Answer, Call } from './effects/call.ts'
import { parseRequestId } from './effects/outcomes.ts'
import { DatabaseError } from './errors.ts'
import type { Receipt } from './events.ts'
import { exportFrom } from './export.ts'
import { collect, type ImportSource } from './import-source.ts'
import { limits } from './limits.ts'
import type { Reign } from './reign.ts'
import { assertRequestOptions } from './request-options.ts'
import type { Row, RunResult, SqlParam, SqlParams } from './sql.ts'
import { captured, statementOf, statementsOf } from './statement-input.ts'
import { rowsAs, run, runAll, template } from './statements.ts'
import { runTransaction } from './transaction.ts'
import type { Txid } from './units.ts'

/** Which database an asynchronous call chain is inside a transaction of. */
const insideTransaction = new AsyncScope<{ readonly database: DatabaseHandle; isOpen: boolean }>()

type WrittenResult = Pick<ExecResult, 'rowsAffected' | 'lastInsertRowid'>

export class DatabaseHandle implements Led {
  readonly name: string
  readonly #reign: Reign

  constructor(name: string, reign: Reign) {
    this.name = name
    this.#reign = reign
  }

  get events$() {
    return this.#reign.streams.events$
  }
  get commits$() {
    return this.#reign.streams.commits$
  }
  get metrics$() {
    return this.#reign.streams.metrics$
  }
  get status$() {
    return this.#reign.streams.status$
  }
  get recoveryReport() {
    return this.#reign.recoveryReport
  }

  async exec(sql: string, params?: SqlParams, options: RequestOptions = {}): Promise<ExecResult> {
    const statement = statementOf(sql, params)
    const work = (shouldStop: () => boolean): WrittenResult => {
      const { rowsAffected, lastInsertRowid } = run(this.#reign.engine, statement, {
        rowMode: 'none',
        shouldStop,
      })
      return { rowsAffected, lastInsertRowid }
    }
    return this.#execResult(await this.#request(work, options), options)
  }

  async query<R extends Row>(sql: string, params?: SqlParams, options: QueryOptions = {}): Promise<R[]> {
    const { rowMode = 'object' } = options
    const statement = statementOf(sql, params)
    const work = (shouldStop: () => boolean) => run(this.#reign.engine, statement, { rowMode, shouldStop })
    return rowsAs<R>((await this.#request<RunResult>(work, options)).value)
  }

  async sql<R extends Row>(strings: TemplateStringsArray, ...values: SqlParam[]): Promise<R[]> {
    const { sql, params } = template(strings, values)
    return this.query<R>(sql, params)
  }

  iterate<R extends Row>(sql: string, params?: SqlParams, options: QueryOptions = {}): AsyncGenerator<R> {
    return this.#rows<R>(sql, captured(params), options)
  }

  async *#rows<R extends Row>(sql: string, params: SqlParams | undefined, options: QueryOptions): AsyncGenerator<R> {
    yield* await this.query<R>(sql, params, options)
  }

  async batch(statements: readonly Statement[], options: RequestOptions = {}): Promise<ExecResult[]> {
    const asked = statementsOf(statements)
    const work = (shouldStop: () => boolean): WrittenResult[] =>
      runAll(this.#reign.engine, asked, { rowMode: 'none', shouldStop }).map(({ rowsAffected, lastInsertRowid }) => ({
        rowsAffected,
        lastInsertRowid,
      }))
    const { value, ...position } = await this.#request(work, options)
    return value.map((result) => this.#execResult({ value: result, ...position }, options))
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T> | T, options: LedTransactionOptions = {}): Promise<T> {
    this.#refuseInside()
    assertRequestOptions(options)
    const { engine, clock, executor, outcomes, onDiscarded, receipt } = this.#reign
    const level = options.durability ?? this.#reign.durability
    const identity = options.requestId === undefined ? undefined : parseRequestId(options.requestId)
    const inside = { database: this as DatabaseHandle, isOpen: true }
    const scoped = (tx: Transaction) => insideTransaction.run(inside, () => fn(tx))
    const work = () =>
      runTransaction({ engine, clock, level, onDiscarded, receipt }, scoped, options).finally(() => {
        inside.isOpen = false
      })
    const { value } = await executor.exclusive(work, {
      level,
      isStrictRead: false,
      deadlineMs: limits.requestDeadlineMs,
      signal: options.signal,
      onSealed:
        identity === undefined ? undefined : ({ txid }, error) => outcomes.finished(identity, txid, undefined, error),
    })
    return value
  }

  /** Durable, when it was applied; not applied at all, when it is fresh and the epoch is still ours. */
  async outcomeOf(requestId: string): Promise<RequestFate> {
    const { outcomes, store } = this.#reign
    const fate = outcomes.fateOf(parseRequestId(requestId))
    if (fate.kind === 'applied') await this.#reign.durableThrough(fate.txid)
    else await store.confirmEpoch()
    return fate.kind
  }

  async flush(): Promise<void> {
    // In its turn: what was asked before is sealed then.
    const { txid } = await this.#request(() => undefined, { durability: 'deferred' })
    if (txid > this.#reign.store.positions.durableTxid) await this.forceSync()
  }

  async forceSync(): Promise<Receipt> {
    const { epoch, txid } = await this.#request(() => undefined, { durability: 'strict' })
    return { epoch, txid }
  }

  async durable(receipt: Receipt): Promise<void> {
    await this.#reign.durable(receipt)
  }

  async verify() {
    return this.#reign.maintenance.verify({ mode: 'full' })
  }

  async checkpoint(): Promise<void> {
    await this.forceSync()
    await this.#reign.maintenance.checkpoint({ everything: true })
  }

  export(): ReadableStream<Uint8Array> {
    return exportFrom(this.#reign, () => this.forceSync())
  }

  async import(source: ImportSource): Promise<Receipt> {
    this.#refuseInside()
    const { refusal } = this.#reign.executor
    if (refusal !== undefined) throw refusal
    return this.#reign.replaceBy(await collect(source, limits.transactionBytesMax))
  }

  async drainAndShutdown(): Promise<void> {
    this.#refuseInside()
    await this.#reign.close()
  }

  close(): Promise<void> {
    return this.drainAndShutdown()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drainAndShutdown()
  }

  /** One synchronous piece of work on the connection, answered at the asked level; with an id, at most once. */
  #request<T>(work: (shouldStop: () => boolean) => T, options: LedQueryOptions): Promise<Answer<T>> {
    this.#refuseInside()
    assertRequestOptions(options)
    const { executor, clock, outcomes, durability } = this.#reign
    const { deadlineMs = limits.requestDeadlineMs, requestId, memberDurability = durability } = options
    const stopAtMs = clock.now() + deadlineMs
    const start = () => work(() => clock.now() > stopAtMs)
    const identity = requestId === undefined ? undefined : parseRequestId(requestId)
    const call: Call<T> = {
      level: options.durability ?? memberDurability,
      isStrictRead: options.durability === 'strict',
      deadlineMs,
      signal: options.signal,
      onSealed:
        identity === undefined ? undefined : (answer, error) => outcomes.finished(identity, answer.txid, answer, error),
    }
    const submit = () => executor.submit(start, call)
    return identity === undefined ? submit() : outcomes.once(identity, { run: submit, durable: this.#durableThrough })
  }

  readonly #durableThrough = (txid: Txid): Promise<void> => this.#reign.durableThrough(txid)

  #refuseInside(): void {
    const inside = insideTransaction.current
    if (inside?.isOpen !== true || inside.database !== this) return
    throw new DatabaseError(
      'USE_TX',
      'db was used inside transaction(fn), which would wait for itself; use the tx argument',
    )
  }

  #execResult({ value, epoch, txid }: Answer<WrittenResult>, options: LedQueryOptions): ExecResult {
    return {
      rowsAffected: value.rowsAffected,
      lastInsertRowid: value.lastInsertRowid,
      receipt: { epoch, txid },
      durability: options.durability ?? options.memberDurability ?? this.#reign.durability,
    }
  }
}
