/** What a client is told without asking each time: the status always, other streams while it listens, log records where it wants them. */
import type { Observable } from 'rxjs'
import type { Database } from '../api.ts'
import { assert } from '../assert.ts'
import type { Status } from '../events.ts'
import type { Logger, LogLevel } from '../logger.ts'
import type { ServerMessage, StreamOnDemand } from '../wire/protocol.ts'
import { encodeError } from '../wire/wire-error.ts'

interface Subscription {
  unsubscribe(): void
}

export class ServedStreams {
  readonly #post: (message: ServerMessage) => void
  readonly #subscriptions = new Map<StreamOnDemand | 'status', Subscription>()

  constructor(post: (message: ServerMessage) => void) {
    this.#post = post
  }

  /** The status of now; each later one is told, and the end. */
  status(database: Database): Status {
    let status: Status | undefined
    const subscription = database.status$.subscribe({
      next: (value) => {
        status = value
        this.#post({ kind: 'told', stream: 'status', value })
      },
      complete: () => this.#post({ kind: 'ended' }),
    })
    this.#subscriptions.set('status', subscription)
    assert(status !== undefined, 'a database that is open has a status')
    return status
  }

  subscribe(database: Database | undefined, stream: StreamOnDemand, isOn: boolean): void {
    this.#subscriptions.get(stream)?.unsubscribe()
    this.#subscriptions.delete(stream)
    if (!isOn || database === undefined) return
    const { events$, commits$, metrics$ } = database
    const streams: Record<StreamOnDemand, Observable<unknown>> = {
      events: events$,
      commits: commits$,
      metrics: metrics$,
    }
    if (!Object.hasOwn(streams, stream)) return
    // What a stream of this name emits is what this name stands for in the protocol.
    const tell = (value: unknown) => this.#post({ kind: 'told', stream, value } as ServerMessage)
    this.#subscriptions.set(stream, streams[stream].subscribe(tell))
  }

  logger(): Logger {
    const at = (level: LogLevel) => (record: object, message?: string) =>
      this.#post({
        kind: 'logged',
        level,
        record: cloneable(record),
        ...(message === undefined ? {} : { message }),
      })
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }

  release(): void {
    for (const subscription of this.#subscriptions.values()) subscription.unsubscribe()
    this.#subscriptions.clear()
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
