/** The client's end of a channel: asks, and hears what the other side tells. */
import { ReplaySubject, Subject } from 'rxjs'
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Logger } from '../logger.ts'
import { Channel, type Port } from '../wire/channel.ts'
import {
  ALL_IDS,
  PROTOCOL_OF_JOIN,
  type ClientMessage,
  type Methods,
  type ServerMessage,
  type Streamed,
  type StreamName,
  type WireError,
  type WireId,
} from '../wire/protocol.ts'
import { assertSendable } from '../wire/message-size.ts'
import { decodeError } from '../wire/wire-error.ts'
import { isServerMessage } from './message-guard.ts'
import { Pending, type PendingOptions } from './pending.ts'
import type { MonotonicTimer } from './timer.ts'

export interface LinkOptions {
  readonly timer: MonotonicTimer
  readonly logger?: Logger | undefined
  /** Of a member that follows. Absent: the other side is a worker that nobody else can speak to. */
  readonly member?: {
    /** The leader is there. */
    readonly onBeat: () => void
    /** It has said that it lets go. */
    readonly onResigned: () => void
    /** Something that is none of ours came over the connection, and was dropped. */
    readonly onRefused: () => void
  }
}

export class Link {
  readonly #channel: Channel<ServerMessage, ClientMessage>
  readonly #pending: Pending
  readonly #timer: MonotonicTimer
  readonly #logger: Logger | undefined
  readonly #member: LinkOptions['member']
  #lastBeat: number | undefined
  readonly told: { readonly [S in StreamName]: Subject<Streamed[S]> } = {
    events: new Subject(),
    commits: new Subject(),
    metrics: new Subject(),
    status: new ReplaySubject(1),
  }

  constructor(port: Port, options: LinkOptions) {
    this.#logger = options.logger
    this.#timer = options.timer
    const { member } = options
    this.#member = member
    this.#channel = new Channel<ServerMessage, ClientMessage>(port, {
      ...(member === undefined ? {} : { version: PROTOCOL_OF_JOIN }),
      lastBeat: () => this.#lastBeat,
      check: assertSendable,
      receive: (message) => (isServerMessage(message) ? this.#receive(message) : member?.onRefused()),
      onRefused: (error) => (member === undefined ? this.lose(error) : member.onRefused()),
      onUnsendable: (message, error) => 'id' in message && this.#pending.reject(message.id, unsendable(error)),
    })
    this.#pending = new Pending((message, transfer) => this.post(message, transfer), options.timer)
  }

  /** Runs `fn` after that time; returns how to cancel it. */
  after(ms: number, fn: () => void): () => void {
    return this.#timer.after(ms, fn)
  }

  /** Both sides have agreed on this version of the protocol. */
  speak(version: number): void {
    this.#channel.speak(version)
  }

  post(message: ClientMessage, transfer: readonly Transferable[] = []): void {
    this.#channel.post(message, transfer)
  }

  /** Sends what waits, now. */
  flush(): void {
    this.#channel.flush()
  }

  /** See Pending.ask. */
  ask(make: (id: WireId) => ClientMessage, options?: PendingOptions): Promise<unknown> {
    return this.#pending.ask(make, options)
  }

  /** One call with one answer. */
  call<M extends keyof Methods>(
    method: M,
    args: Methods[M]['args'],
    options: PendingOptions & { readonly within?: WireId } = {},
  ): Promise<Methods[M]['value']> {
    const { within } = options
    // The protocol pairs each method with its arguments and its answer; a mapped union cannot be built from a variable name.
    const make = (id: WireId) =>
      (within === undefined
        ? { kind: 'call', id, method, args }
        : { kind: 'call', id, within, method, args }) as ClientMessage
    return this.ask(make, options) as Promise<Methods[M]['value']>
  }

  /** The other side is gone, or speaks another language. */
  lose(error: DatabaseError): void {
    this.#pending.lose(error)
    this.complete()
  }

  complete(): void {
    for (const stream of Object.values(this.told)) stream.complete()
  }

  #receive(message: ServerMessage): void {
    switch (message.kind) {
      case 'begun':
        return this.#pending.begun(message.id)
      case 'chunk':
        return this.#pending.chunk(message.id, message.value)
      case 'answer':
        return this.#pending.resolve(message.id, message.value)
      case 'failed':
        return message.id === ALL_IDS
          ? this.lose(asOurs(message.error))
          : this.#pending.reject(message.id, decodeError(message.error))
      case 'stalled':
        this.#beat(message.beat)
        return this.#pending.askAgain()
      case 'beat':
        return this.#beat(message.beat)
      case 'resigned':
        return this.#member?.onResigned()
      case 'logged':
        return this.#logger?.[message.level](message.record, message.message)
      case 'told':
        return this.#tell(message)
      case 'ended':
        return this.complete()
    }
  }

  #beat(beat: number): void {
    this.#lastBeat = beat
    this.#member?.onBeat()
  }

  #tell(message: Extract<ServerMessage, { kind: 'told' }>): void {
    switch (message.stream) {
      case 'events':
        return this.told.events.next(message.value)
      case 'commits':
        return this.told.commits.next(message.value)
      case 'metrics':
        return this.told.metrics.next(message.value)
      case 'status':
        return this.told.status.next(message.value)
    }
  }
}

function asOurs(error: WireError): DatabaseError {
  const decoded = decodeError(error)
  return decoded instanceof DatabaseError
    ? decoded
    : new DatabaseError('DATABASE_FAILED', decoded.message, { cause: decoded })
}

/** A RangeError says that it is too large, whoever has measured it. */
const unsendable = (cause: unknown) =>
  new DatabaseError(
    'INVALID_PARAMETER',
    cause instanceof RangeError
      ? `a request with its parameters is larger than the ${limits.frameBytesMax} bytes that can be sent to whoever has the database; split it`
      : 'an argument cannot be sent to the thread of the database; convert it first',
    { cause },
  )
