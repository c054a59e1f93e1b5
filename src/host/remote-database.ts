/** A database that is open in another thread: each call is a message there, each answer one back. */
import type {
  Database,
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
import { asError } from '../errors.ts'
import type { Receipt } from '../events.ts'
import { collect, type ImportSource } from '../import-source.ts'
import { limits } from '../limits.ts'
import { assertRequestOptions, longer } from '../request-options.ts'
import type { Row, SqlParam, SqlParams } from '../sql.ts'
import { captured, statementOf, statementsOf } from '../statement-input.ts'
import { rowsAs, template } from '../statements.ts'
import type { Methods, Opened } from '../wire/protocol.ts'
import { chunksOf, streamOf } from './chunks.ts'
import type { Link } from './link.ts'
import { remoteStreams, type RemoteStreams } from './remote-streams.ts'
import { remoteTransaction } from './remote-transaction.ts'

export interface RemotePorts {
  readonly link: Link
  readonly opened: Opened
  /** The database is closed: its thread is not needed any more. */
  readonly onClosed: () => void
  /** Somebody waits for what is read chunk by chunk, until what this returns is called. Absent: nobody has to know. */
  readonly hold?: () => () => void
}

export class RemoteDatabase implements Led {
  readonly name: string
  readonly recoveryReport: Database['recoveryReport']
  readonly #link: Link
  readonly #streams: RemoteStreams
  readonly #onClosed: () => void
  readonly #hold: () => () => void
  #closing: Promise<void> | undefined

  constructor(name: string, { link, opened, onClosed, hold }: RemotePorts) {
    this.name = name
    this.recoveryReport = opened.recoveryReport
    this.#link = link
    this.#streams = remoteStreams(link)
    this.#onClosed = onClosed
    this.#hold = hold ?? (() => () => undefined)
  }

  get events$() {
    return this.#streams.events$
  }
  get commits$() {
    return this.#streams.commits$
  }
  get metrics$() {
    return this.#streams.metrics$
  }
  get status$() {
    return this.#streams.status$
  }

  exec(sql: string, params?: SqlParams, options: LedQueryOptions = {}): Promise<ExecResult> {
    return this.#request('exec', () => asked(sql, params, options), options)
  }

  async query<R extends Row>(sql: string, params?: SqlParams, options: LedQueryOptions = {}): Promise<R[]> {
    return rowsAs<R>({ rows: await this.#request('query', () => asked(sql, params, options), options) })
  }

  async sql<R extends Row>(strings: TemplateStringsArray, ...values: SqlParam[]): Promise<R[]> {
    const { sql, params } = template(strings, values)
    return this.query<R>(sql, params)
  }

  iterate<R extends Row>(sql: string, params?: SqlParams, options: QueryOptions = {}): AsyncGenerator<R> {
    return this.#rows<R>(sql, captured(params), options)
  }

  async *#rows<R extends Row>(sql: string, params: SqlParams | undefined, given: QueryOptions): AsyncGenerator<R> {
    assertRequestOptions(given)
    const { signal, ...options } = given
    const statement = statementOf(sql, params)
    const chunks = chunksOf<R[]>(this.#link, (id) => ({ kind: 'iterate', id, ...statement, options }), {
      signal,
      waitMs: waitOf(options),
      hold: this.#hold,
    })
    for await (const rows of chunks) yield* rows
  }

  batch(statements: readonly Statement[], options: LedQueryOptions = {}): Promise<ExecResult[]> {
    return this.#request('batch', () => [statementsOf(statements), sendable(options)], options)
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T> | T, options: LedTransactionOptions = {}): Promise<T> {
    assertRequestOptions(options)
    return remoteTransaction(this.#link, fn, options)
  }

  forceSync(): Promise<Receipt> {
    return this.#link.call('forceSync', [], { waitMs: waitOf({}) })
  }

  flush(): Promise<void> {
    return this.#link.call('flush', [], { waitMs: waitOf({}) })
  }

  durable(receipt: Receipt): Promise<void> {
    return this.#link.call('durable', [receipt], { waitMs: waitOf({}) })
  }

  outcomeOf(requestId: string): Promise<RequestFate> {
    return this.#link.call('outcomeOf', [requestId], { waitMs: waitOf({}) })
  }

  verify() {
    return this.#link.call('verify', [])
  }

  checkpoint(): Promise<void> {
    return this.#link.call('checkpoint', [])
  }

  export(): ReadableStream<Uint8Array> {
    return streamOf(
      chunksOf<Uint8Array>(this.#link, (id) => ({ kind: 'export', id }), { waitMs: waitOf({}), hold: this.#hold }),
    )
  }

  async import(source: ImportSource): Promise<Receipt> {
    const file = await collect(source, limits.transactionBytesMax)
    return this.#link.call('import', [file], { transfer: [file.buffer] })
  }

  #request<M extends 'exec' | 'query' | 'batch'>(
    method: M,
    makeArgs: () => Methods[M]['args'],
    options: LedQueryOptions,
  ): Promise<Methods[M]['value']> {
    try {
      assertRequestOptions(options)
      return this.#link.call(method, makeArgs(), { signal: options.signal, waitMs: waitOf(options) })
    } catch (error) {
      return Promise.reject(asError(error))
    }
  }

  drainAndShutdown(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  close(): Promise<void> {
    return this.drainAndShutdown()
  }

  /** A thread that does not answer is ended: what it has made durable stays, of the rest nobody knows. */
  async #close(): Promise<void> {
    try {
      await this.#link.call('close', [], { waitMs: limits.closeMs })
    } finally {
      this.#onClosed()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drainAndShutdown()
  }
}

function asked(sql: string, params: SqlParams | undefined, options: LedQueryOptions): Methods['query']['args'] {
  const statement = statementOf(sql, params)
  return [statement.sql, statement.params, sendable(options)]
}

/** As they are now. A signal stays here: what it says is a message of its own. */
function sendable(options: LedQueryOptions): Omit<LedQueryOptions, 'signal'> {
  if (options.signal === undefined) return { ...options }
  const { signal: _, ...rest } = options
  return rest
}

/** The other side answers at the deadline; only if it cannot does this one. */
const waitOf = ({ deadlineMs = limits.requestDeadlineMs }: Pick<RequestOptions, 'deadlineMs'>): number =>
  longer(deadlineMs, limits.answerGraceMs)
