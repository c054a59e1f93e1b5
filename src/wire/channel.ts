/**
 * An ordered way to the other side. What is posted in one turn travels in one envelope: a thousand calls made together are one
 * message, arrive together, and can be flushed together.
 */
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import { type Envelope, PROTOCOL_VERSION } from './protocol.ts'

/** The platform's end of a channel: a worker, its global scope, or a MessagePort. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message' | 'messageerror', listener: (event: MessageEvent<unknown>) => void): void
  /** MessagePorts deliver nothing before. */
  start?(): void
}

export interface ChannelPorts<In, Out> {
  /** `beat`: the last one that the sender had heard, where it says so. */
  readonly receive: (message: In, beat: number | undefined) => void
  /** What arrived is none of ours, or of a newer protocol: it was dropped. */
  readonly onRefused: (error: DatabaseError) => void
  /** The platform cannot clone this message, or `check` threw; the others of its envelope were sent. */
  readonly onUnsendable: (message: Out, error: unknown) => void
  /** Throws for what the other side would not take. */
  readonly check?: (message: Out) => void
  /** Stamps what is sent: the last beat that was heard. */
  readonly lastBeat?: () => number | undefined
  /** Of the protocol, in which it writes until `speak` says otherwise. Absent: our own. */
  readonly version?: number
}

export class Channel<In, Out> {
  readonly #port: Port
  readonly #onUnsendable: ChannelPorts<In, Out>['onUnsendable']
  readonly #check: (message: Out) => void
  readonly #lastBeat: () => number | undefined
  #version: number
  #outbox: Out[] = []
  #transfer: Transferable[] = []
  #isPostScheduled = false

  constructor(port: Port, ports: ChannelPorts<In, Out>) {
    const { receive, onRefused, onUnsendable, check = () => undefined } = ports
    const { lastBeat = () => undefined, version = PROTOCOL_VERSION } = ports
    this.#version = version
    this.#port = port
    this.#onUnsendable = onUnsendable
    this.#check = check
    this.#lastBeat = lastBeat
    port.addEventListener('message', ({ data }) => {
      const envelope = envelopeOf<In>(data)
      if (envelope instanceof DatabaseError) return onRefused(envelope)
      for (const message of envelope.messages) receive(message, envelope.beat)
    })
    port.addEventListener('messageerror', () => onRefused(refused('a message could not be read', {})))
    port.start?.()
  }

  /** Both sides have agreed on this version of the protocol. */
  speak(version: number): void {
    this.#version = version
  }

  /** @param transfer buffers that belong to the other side from here on */
  post(message: Out, transfer: readonly Transferable[] = []): void {
    // The other side takes no more in one envelope.
    if (this.#outbox.length === limits.queueMax) this.flush()
    this.#outbox.push(message)
    this.#transfer.push(...transfer)
    if (this.#isPostScheduled) return
    this.#isPostScheduled = true
    void Promise.resolve().then(() => this.flush())
  }

  /** Sends what waits, now. */
  flush(): void {
    this.#isPostScheduled = false
    if (this.#outbox.length === 0) return
    const messages = this.#outbox
    const transfer = this.#transfer
    this.#outbox = []
    this.#transfer = []
    try {
      this.#send(messages, transfer)
    } catch {
      // One of them cannot be sent, and nothing was: alone, each says for itself.
      for (const message of messages) this.#sendAlone(message)
    }
  }

  #send(messages: readonly Out[], transfer: Transferable[]): void {
    for (const message of messages) this.#check(message)
    const beat = this.#lastBeat()
    const envelope: Envelope<Out> = { datasync: this.#version, messages, ...(beat === undefined ? {} : { beat }) }
    this.#port.postMessage(envelope, transfer)
  }

  #sendAlone(message: Out): void {
    try {
      this.#send([message], [])
    } catch (error) {
      this.#onUnsendable(message, error)
    }
  }
}

function envelopeOf<In>(data: unknown): Envelope<In> | DatabaseError {
  if (typeof data !== 'object' || data === null || !('datasync' in data) || !('messages' in data)) {
    return refused('a message is not of this protocol', {})
  }
  const { datasync: version, messages } = data
  if (typeof version !== 'number' || !Array.isArray(messages)) return refused('a message is malformed', {})
  if (messages.length > limits.queueMax) return refused('a message has too many parts', { count: messages.length })
  if (version > PROTOCOL_VERSION) {
    return refused(
      `the other side speaks protocol ${version}, this one ${PROTOCOL_VERSION}: load page and worker of the same version`,
      { version },
    )
  }
  const beat = 'beat' in data && typeof data.beat === 'number' ? { beat: data.beat } : {}
  // Both ends are built from this package; each handler checks what it relies on.
  return { datasync: version, messages: messages as In[], ...beat }
}

const refused = (message: string, details: Readonly<Record<string, unknown>>) =>
  new DatabaseError('PROTOCOL_MISMATCH', message, { details })
