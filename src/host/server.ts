/**
 * The side that has the database: does what messages ask, and answers each id exactly once.
 *
 *   no database ──open──▶ open ──call close──▶ closed
 *
 * When the client has gone, `release` aborts what it had begun; what it wrote is kept as if it had waited.
 */
import type { Observable } from 'rxjs'
import type { Database, OpenOptions } from '../api.ts'
import { assert } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import type { Status } from '../events.ts'
import type { Logger, LogLevel } from '../logger.ts'
import { Channel, type Port } from '../wire/channel.ts'
import {
  ALL_IDS,
  type CallMessage,
  type ClientMessage,
  type Opened,
  type ServerMessage,
  type StreamOnDemand,
  type WireId,
  type WireOpenOptions,
} from '../wire/protocol.ts'
import { transferablesOf } from '../wire/transferable.ts'
import { encodeError } from '../wire/wire-error.ts'
import { callOn, callWithin } from './served-calls.ts'
import { ServedReads } from './served-reads.ts'
import { ServedTransactions } from './served-transactions.ts'
import type { Timer } from './timer.ts'

/** What a platform does with names. */
export interface Platform {
  open(name: string, options: OpenOptions): Promise<Database>
  destroy(name: string, options: OpenOptions): Promise<void>
}

export class Server {
  readonly #platform: Platform
  readonly #channel: Channel<ClientMessage, ServerMessage>
  readonly #controllers = new Map<WireId, AbortController>()
  readonly #subscriptions = new Map<StreamOnDemand, { unsubscribe(): void }>()
  readonly #transactions: ServedTransactions
  readonly #reads: ServedReads
  #isBegun = false
  #database: Database | undefined

  constructor(port: Port, platform: Platform, timer: Timer) {
    this.#platform = platform
    this.#channel = new Channel(port, {
      receive: (message) => this.#receive(message),
      onRefused: (error) => this.#failed(ALL_IDS, error),
      onUnsendable: (message, error) => this.#unsendable(message, error),
    })
    this.#transactions = new ServedTransactions((id) => this.#channel.post({ kind: 'begun', id }))
    this.#reads = new ServedReads(
      (id, value) => this.#channel.post({ kind: 'chunk', id, value }, transferablesOf(value)),
      timer,
    )
  }

  /** The client has gone: nothing is waited for any more on its behalf. */
  release(): void {
    for (const controller of this.#controllers.values()) controller.abort()
    for (const subscription of this.#subscriptions.values()) subscription.unsubscribe()
    this.#subscriptions.clear()
    this.#transactions.release()
    this.#reads.release()
  }

  #receive(message: ClientMessage): void {
    switch (message.kind) {
      case 'open':
        return this.#answer(message.id, (signal) => this.#begin(message.name, message.options, signal))
      case 'destroy': {
        const { isLogged: _, ...options } = message.options
        return this.#answer(message.id, () => this.#platform.destroy(message.name, options))
      }
      case 'call':
        return this.#answer(message.id, (signal) => this.#called(message, signal))
      case 'begin':
        return this.#answer(message.id, (signal) =>
          this.#transactions.begin(this.#opened(), message.id, { ...message.options, signal }, message.within),
        )
      case 'end':
        return this.#transactions.end(message.id, message.isCommitted)
      case 'iterate':
        return this.#answer(message.id, (signal) =>
          this.#reads.iterate(this.#opened(), message, { ...message.options, signal }),
        )
      case 'export':
        return this.#answer(message.id, (signal) => this.#reads.export(this.#opened(), message.id, signal))
      case 'pull':
        return this.#reads.pull(message.id)
      case 'cancel':
        return this.#controllers.get(message.id)?.abort()
      case 'subscribe':
        return this.#subscribe(message.stream, message.isOn)
    }
  }

  /** One piece of work with an id: its end is told, whatever it is. */
  #answer(id: WireId, work: (signal: AbortSignal) => Promise<unknown>): void {
    const controller = new AbortController()
    this.#controllers.set(id, controller)
    const begun = async () => work(controller.signal)
    begun().then(
      (value) => this.#ended(id, { kind: 'answer', id, value }, transferablesOf(value)),
      (error: unknown) => this.#failed(id, error),
    )
  }

  #ended(id: WireId, message: ServerMessage, transfer: readonly Transferable[] = []): void {
    this.#controllers.delete(id)
    this.#channel.post(message, transfer)
  }

  #failed(id: WireId, error: unknown): void {
    this.#ended(id, { kind: 'failed', id, error: encodeError(error) })
  }

  /** Details or a cause that the platform does not clone: the error goes without them. */
  #unsendable(message: ServerMessage, error: unknown): void {
    if (!('id' in message)) return
    const why = new DatabaseError('DATABASE_FAILED', 'the answer could not be sent to the other thread', {
      cause: error,
      outcome: 'unknown',
    })
    this.#failed(message.id, why)
  }

  async #begin(name: string, options: WireOpenOptions, signal: AbortSignal): Promise<Opened> {
    if (this.#isBegun) throw new DatabaseError('MISUSE', 'a worker has one database')
    this.#isBegun = true
    const { isLogged, ...rest } = options
    const database = await this.#platform.open(name, {
      ...rest,
      signal,
      ...(isLogged ? { logger: this.#logger() } : {}),
    })
    this.#database = database
    let status: Status | undefined
    database.status$.subscribe({
      next: (value) => {
        status = value
        this.#channel.post({ kind: 'told', stream: 'status', value })
      },
      complete: () => this.#channel.post({ kind: 'ended' }),
    })
    assert(status !== undefined, 'a database that is open has a status')
    return { recoveryReport: database.recoveryReport, status }
  }

  #called(message: CallMessage, signal: AbortSignal): Promise<unknown> {
    const { within } = message
    return within === undefined
      ? callOn(this.#opened(), message, signal)
      : callWithin(this.#transactions.scopeOf(within), message)
  }

  #opened(): Database {
    if (this.#database === undefined) throw new DatabaseError('MISUSE', 'the database is not open')
    return this.#database
  }

  #subscribe(stream: StreamOnDemand, isOn: boolean): void {
    this.#subscriptions.get(stream)?.unsubscribe()
    this.#subscriptions.delete(stream)
    if (!isOn || this.#database === undefined) return
    const { events$, commits$, metrics$ } = this.#database
    const streams: Record<StreamOnDemand, Observable<unknown>> = {
      events: events$,
      commits: commits$,
      metrics: metrics$,
    }
    // What a stream of this name emits is what this name stands for in the protocol.
    const tell = (value: unknown) => this.#channel.post({ kind: 'told', stream, value } as ServerMessage)
    this.#subscriptions.set(stream, streams[stream].subscribe(tell))
  }

  #logger(): Logger {
    const at = (level: LogLevel) => (record: object, message?: string) =>
      this.#channel.post({
        kind: 'logged',
        level,
        record: cloneable(record),
        ...(message === undefined ? {} : { message }),
      })
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }
}

/** Errors in a record travel as plain data. */
const cloneable = (record: object): object =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Error ? encodeError(value) : value,
    ]),
  )
