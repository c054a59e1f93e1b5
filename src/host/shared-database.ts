/**
 * A database that is shared, as its user has it: the same calls, whoever leads. While this member leads, a call goes straight to the
 * database; else it is forwarded, and asked again when the leader changes.
 */
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
} from '../api.ts'
import { asError, DatabaseError } from '../errors.ts'
import type { Durability, Receipt } from '../events.ts'
import { collect, type ImportSource } from '../import-source.ts'
import { limits } from '../limits.ts'
import type { Row, SqlParam, SqlParams } from '../sql.ts'
import { captured, statementOf, statementsOf } from '../statement-input.ts'
import { template } from '../statements.ts'
import { streamOf } from './chunks.ts'
import type { Forwarder } from './forwarder.ts'
import { sharedTransaction } from './shared-transaction.ts'
import type { SharedStreams } from './shared-streams.ts'

export interface SharedPorts {
  readonly forwarder: Forwarder
  readonly streams: SharedStreams
  /** Level of a request that names none. */
  readonly durability: Durability
  readonly close: () => Promise<void>
}

export class SharedDatabase implements Led {
  readonly name: string
  readonly #ports: SharedPorts
  #led: Led | undefined
  #report: Led['recoveryReport'] | undefined

  constructor(name: string, ports: SharedPorts) {
    this.name = name
    this.#ports = ports
  }

  get events$() {
    return this.#ports.streams.events$
  }
  get commits$() {
    return this.#ports.streams.commits$
  }
  get metrics$() {
    return this.#ports.streams.metrics$
  }
  get status$() {
    return this.#ports.streams.status$
  }
  /** Of the leader that was known last. */
  get recoveryReport(): Led['recoveryReport'] {
    if (this.#report === undefined) throw new DatabaseError('MISUSE', 'the database is not open yet')
    return this.#report
  }

  /** The database is led by this member; undefined: by another one, or by nobody. */
  leadHere(database: Led | undefined): void {
    this.#led = database
  }

  /** Where it can be asked at once, in its turn: what was asked before and is not underway goes first. */
  get #here(): Led | undefined {
    return this.#ports.forwarder.isBehind ? undefined : this.#led
  }

  noteReport(report: Led['recoveryReport']): void {
    this.#report = report
  }

  exec(sql: string, params?: SqlParams, options?: RequestOptions): Promise<ExecResult> {
    const here = this.#here
    return here !== undefined
      ? here.exec(sql, params, options)
      : this.#forward(
          () => statementOf(sql, params),
          (database, asked, how) => database.exec(asked.sql, asked.params, how),
          options,
        )
  }

  query<R extends Row>(sql: string, params?: SqlParams, options?: QueryOptions): Promise<R[]> {
    const here = this.#here
    return here !== undefined
      ? here.query<R>(sql, params, options)
      : this.#forward(
          () => statementOf(sql, params),
          (database, asked, how) => database.query<R>(asked.sql, asked.params, how),
          options,
        )
  }

  async sql<R extends Row>(strings: TemplateStringsArray, ...values: SqlParam[]): Promise<R[]> {
    const { sql, params } = template(strings, values)
    return this.query<R>(sql, params)
  }

  batch(statements: readonly Statement[], options?: RequestOptions): Promise<ExecResult[]> {
    const here = this.#here
    return here !== undefined
      ? here.batch(statements, options)
      : this.#forward(
          () => statementsOf(statements),
          (database, asked, how) => database.batch(asked, how),
          options,
        )
  }

  transaction<T>(fn: (tx: Transaction) => Promise<T> | T, options: LedTransactionOptions = {}): Promise<T> {
    return sharedTransaction(fn, options, {
      here: () => this.#here,
      forwarder: this.#ports.forwarder,
      durability: this.#ports.durability,
    })
  }

  iterate<R extends Row>(sql: string, params?: SqlParams, options?: QueryOptions): AsyncGenerator<R> {
    return this.#rows<R>(sql, captured(params), options)
  }

  async *#rows<R extends Row>(sql: string, params: SqlParams | undefined, options?: QueryOptions): AsyncGenerator<R> {
    const { durability } = this.#ports
    yield* (await this.#leader(options)).iterate<R>(sql, params, { memberDurability: durability, ...options })
  }

  forceSync(): Promise<Receipt> {
    return this.#repeat((database) => database.forceSync())
  }

  /** A leader elsewhere is asked for forceSync, which every version of it knows: this member's freeze does not stop it. */
  async flush(): Promise<void> {
    const here = this.#here
    await (here === undefined ? this.forceSync() : here.flush())
  }

  durable(receipt: Receipt): Promise<void> {
    return this.#repeat((database) => database.durable(receipt))
  }

  verify(): ReturnType<Led['verify']> {
    return this.#repeat((database) => database.verify(), limits.upkeepDeadlineMs)
  }

  checkpoint(): Promise<void> {
    return this.#repeat((database) => database.checkpoint(), limits.upkeepDeadlineMs)
  }

  outcomeOf(requestId: string): Promise<RequestFate> {
    return this.#repeat((database) => database.outcomeOf(requestId))
  }

  export(): ReadableStream<Uint8Array> {
    const here = this.#here
    if (here !== undefined) return here.export()
    return streamOf(exported(() => this.#leader()))
  }

  /** Not asked of a second leader: a file that was imported twice would undo what came between. */
  async import(source: ImportSource): Promise<Receipt> {
    const here = this.#here
    if (here !== undefined) return here.import(source)
    const file = await collect(source, limits.transactionBytesMax)
    return this.#ports.forwarder.ask({
      run: (database) => database.import(file),
      deadlineMs: limits.requestDeadlineMs,
      isRepeatable: false,
    })
  }

  drainAndShutdown(): Promise<void> {
    return this.#ports.close()
  }

  close(): Promise<void> {
    return this.#ports.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#ports.close()
  }

  /** `read` is what is asked, as it is now. The level is this member's own, not the leader's. */
  #forward<S, T>(
    read: () => S,
    run: (database: Led, asked: S, how: LedQueryOptions) => Promise<T>,
    options: RequestOptions = {},
  ): Promise<T> {
    const { forwarder, durability: memberDurability } = this.#ports
    try {
      const { deadlineMs = limits.requestDeadlineMs, signal, requestId } = options
      const asked = read()
      return forwarder.ask({
        run: (database, how) =>
          run(database, asked, { ...options, memberDurability, requestId: how.requestId, deadlineMs: how.deadlineMs }),
        deadlineMs,
        signal,
        requestId,
        isRepeatable: true,
      })
    } catch (error) {
      return Promise.reject(asError(error))
    }
  }

  #repeat<T>(run: (database: Led) => Promise<T>, deadlineMs: number = limits.requestDeadlineMs): Promise<T> {
    const here = this.#here
    if (here !== undefined) return run(here)
    return this.#ports.forwarder.ask({ run, deadlineMs, isRepeatable: true })
  }

  /** Whoever leads now, or next. */
  async #leader({ deadlineMs = limits.requestDeadlineMs, signal }: RequestOptions = {}): Promise<Led> {
    const here = this.#here
    if (here !== undefined) return here
    const run = (database: Led) => Promise.resolve(database)
    return this.#ports.forwarder.ask({ run, deadlineMs, signal, isRepeatable: true })
  }
}

async function* exported(leader: () => Promise<Led>): AsyncGenerator<Uint8Array> {
  yield* (await leader()).export()
}
