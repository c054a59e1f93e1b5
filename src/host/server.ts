/**
 * The side that has the database: does what messages ask, and answers each id exactly once.
 *
 *   no database ──open──▶ open ──call close──▶ closed      in a worker, which has the database for its page
 *               ──join──▶ open ──leave──────▶ gone         in a leader, which lets a follower use it
 *
 * When the client has gone, `release` aborts what it had begun; what it wrote is kept as if it had waited.
 */
import type { Led, OpenOptions, Signal } from '../api.ts'
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import { Channel, type Port } from '../wire/channel.ts'
import {
  ALL_IDS,
  PROTOCOL_OF_JOIN,
  type CallMessage,
  type ClientMessage,
  type Join,
  type Joined,
  type Opened,
  type ServerMessage,
  type WireId,
  type WireOpenOptions,
} from '../wire/protocol.ts'
import { transferablesOf } from '../wire/transferable.ts'
import { encodeError } from '../wire/wire-error.ts'
import { isRequest, MessageGuard } from './message-guard.ts'
import { callOn, callWithin } from './served-calls.ts'
import { ServedReads } from './served-reads.ts'
import { ServedStreams } from './served-streams.ts'
import { ServedTransactions } from './served-transactions.ts'
import type { Timer } from './timer.ts'
import { Withdrawal } from './withdrawal.ts'

/** What the server's place does for its client; what is absent is refused. */
export interface Services {
  readonly timer: Timer
  open?(name: string, options: OpenOptions): Promise<Led>
  destroy?(name: string, options: OpenOptions): Promise<void>
  /** @throws why this client is not taken on */
  join?(join: Join): Guest
  leave?(): void
  /** What was asked when that beat was the last that the client had heard may be nobody's wish any more: it will be asked again. */
  isStale?(beat: number | undefined): boolean
  /** A message was dropped. */
  onRefused?(): void
}

/** A client that was taken on, and what it may use. */
export interface Guest {
  readonly database: Led
  readonly epoch: number
  readonly version: number
  readonly beat: number
}

export class Server {
  readonly #services: Services
  readonly #channel: Channel<ClientMessage, ServerMessage>
  readonly #guard = new MessageGuard()
  readonly #withdrawals = new Map<WireId, Withdrawal>()
  readonly #transactions: ServedTransactions
  readonly #reads: ServedReads
  readonly #streams: ServedStreams
  #isBegun = false
  #database: Led | undefined

  constructor(port: Port, services: Services) {
    this.#services = services
    this.#channel = new Channel(port, {
      receive: (message, beat) => this.#admit(message, beat),
      ...(services.join === undefined ? {} : { version: PROTOCOL_OF_JOIN }),
      onRefused: (error) => {
        this.#services.onRefused?.()
        // Where others can post too, that it came from the client is not known.
        if (services.join === undefined) this.#failed(ALL_IDS, error)
      },
      onUnsendable: (message, error) => this.#unsendable(message, error),
    })
    this.#streams = new ServedStreams((message) => this.#channel.post(message))
    this.#transactions = new ServedTransactions((id) => this.#channel.post({ kind: 'begun', id }))
    this.#reads = new ServedReads(
      (id, value) => this.#channel.post({ kind: 'chunk', id, value }, transferablesOf(value)),
      services.timer,
    )
  }

  tell(message: ServerMessage): void {
    this.#channel.post(message)
  }

  /** This side stood still: what was not begun is asked again, and with it what was. */
  tellStalled(beat: number): void {
    this.#guard.expectRepeats()
    this.tell({ kind: 'stalled', beat })
  }

  /** Sends what waits, now. */
  flush(): void {
    this.#channel.flush()
  }

  /** Rolled back; their callers are told. */
  endTransactions(): void {
    this.#transactions.release()
  }

  /** The client has gone: nothing is waited for any more on its behalf. */
  release(): void {
    for (const withdrawal of this.#withdrawals.values()) withdrawal.abort()
    this.#streams.release()
    this.#transactions.release()
    this.#reads.release()
  }

  #admit(message: ClientMessage, beat: number | undefined): void {
    const verdict = this.#guard.judge(message)
    if (verdict === 'expected') return
    if (verdict !== 'admitted') return this.#services.onRefused?.()
    if (this.#services.isStale?.(beat) !== true) return this.#receive(message)
    if (!isRequest(message)) {
      this.#guard.expectRepeats()
      return this.#receive(message)
    }
    if (!this.#guard.willComeAgain(message.id)) this.#failed(message.id, flooded())
  }

  #receive(message: ClientMessage): void {
    switch (message.kind) {
      case 'open':
        return this.#answer(message.id, (signal) => this.#begin(message.name, message.options, signal))
      case 'destroy': {
        const { isLogged: _, ...options } = message.options
        return this.#answer(message.id, () => offered(this.#services.destroy)(message.name, options))
      }
      case 'join':
        return this.#answer(message.id, async () => this.#join(message.join))
      case 'leave':
        return this.#services.leave?.()
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
        return this.#withdrawals.get(message.id)?.abort()
      case 'subscribe':
        return this.#streams.subscribe(this.#database, message.stream, message.isOn)
    }
  }

  /** One piece of work with an id: its end is told, whatever it is. */
  #answer(id: WireId, work: (signal: Signal) => Promise<unknown>): void {
    // A page's own worker is bounded by what a database lets wait.
    const max = this.#services.join === undefined ? limits.queueMax : limits.clientQueueMax
    if (this.#withdrawals.size >= max) return this.#failed(id, flooded())
    const withdrawal = new Withdrawal()
    this.#withdrawals.set(id, withdrawal)
    const failed = (error: unknown) => this.#failed(id, error)
    try {
      work(withdrawal).then((value) => this.#ended(id, { kind: 'answer', id, value }, transferablesOf(value)), failed)
    } catch (error) {
      failed(error)
    }
  }

  #ended(id: WireId, message: ServerMessage, transfer: readonly Transferable[] = []): void {
    this.#withdrawals.delete(id)
    this.#channel.post(message, transfer)
  }

  #failed(id: WireId, error: unknown): void {
    this.#ended(id, { kind: 'failed', id, error: encodeError(error) })
  }

  /** Details or a cause that the platform does not clone: the error goes without them. */
  #unsendable(message: ServerMessage, error: unknown): void {
    if (!('id' in message)) return
    this.#failed(
      message.id,
      new DatabaseError('RESULT_TOO_LARGE', 'the request has run, but its answer could not be sent', { cause: error }),
    )
  }

  async #begin(name: string, options: WireOpenOptions, withdrawn: Signal): Promise<Opened> {
    if (this.#isBegun) throw new DatabaseError('MISUSE', 'a worker has one database')
    this.#isBegun = true
    const { isLogged, ...rest } = options
    const stop = new AbortController()
    withdrawn.addEventListener('abort', () => stop.abort(withdrawn.reason))
    const database = await offered(this.#services.open)(name, {
      ...rest,
      signal: stop.signal,
      ...(isLogged ? { logger: this.#streams.logger() } : {}),
    })
    return this.#show(database)
  }

  #join(join: Join): Joined {
    const { database, epoch, version, beat } = offered(this.#services.join)(join)
    this.#isBegun = true
    this.#channel.speak(version)
    this.tell({ kind: 'beat', beat })
    return { ...this.#show(database), epoch, version }
  }

  /** From now on this is what the client uses. */
  #show(database: Led): Opened {
    this.#database = database
    return { recoveryReport: database.recoveryReport, status: this.#streams.status(database) }
  }

  #called(message: CallMessage, signal: Signal): Promise<unknown> {
    const { within } = message
    return within === undefined
      ? callOn(this.#opened(), message, signal)
      : callWithin(this.#transactions.scopeOf(within), message)
  }

  #opened(): Led {
    if (this.#database === undefined) throw new DatabaseError('MISUSE', 'the database is not open')
    return this.#database
  }
}

/** What this place does not do is a mistake of the client's. */
function offered<F>(service: F | undefined): F {
  if (service === undefined) throw new DatabaseError('MISUSE', 'this is not what is served here')
  return service
}

const flooded = () =>
  new DatabaseError('QUEUE_FULL', `${limits.clientQueueMax} requests of this client wait already`, { retryable: true })
