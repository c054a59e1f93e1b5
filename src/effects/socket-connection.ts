/** A client and a leader in Node: one socket. The system tells both when the other process is gone. */
import type { Socket } from 'node:net'
import { encodeFrame, FrameReader } from './frames.ts'
import { limits } from '../limits.ts'
import type { Port } from '../wire/channel.ts'
import type { Connection } from '../wire/transport.ts'

type Listener = (event: MessageEvent<unknown>) => void

export class SocketConnection implements Connection {
  readonly #socket: Socket
  readonly #now: () => number
  readonly #onMessage = new Set<Listener>()
  readonly #onError = new Set<Listener>()
  readonly #onClosed = new Set<() => void>()
  #isClosed = false
  /** When the other side took the last frame, or there was nothing for it to take. */
  #takenAtMs = 0

  /** `first`: bytes that were read of it already. `now`: monotonic milliseconds. */
  constructor(socket: Socket, first: Uint8Array = new Uint8Array(0), now: () => number = () => performance.now()) {
    this.#socket = socket
    this.#now = now
    socket.unref()
    const reader = new FrameReader((data) => tell(this.#onMessage, 'message', data))
    const read = (chunk: Uint8Array) => {
      try {
        reader.push(chunk)
      } catch (error) {
        tell(this.#onError, 'messageerror', error)
        this.close()
      }
    }
    socket.on('data', read)
    socket.on('close', () => this.close())
    // An error is followed by the close, which is all that anybody needs to know.
    socket.on('error', () => this.close())
    if (first.length > 0) queueMicrotask(() => read(first))
  }

  postMessage(message: unknown): void {
    if (this.#isClosed) return
    const unsent = this.#socket.writableLength
    if (unsent === 0) this.#taken()
    // Who does not read, stopped perhaps, is given up before it costs us our memory. One frame may be larger than that, and takes its
    // time; more than the largest one and that does not wait, however steadily it is read.
    const isStill = this.#now() - this.#takenAtMs > limits.leaseMs
    if (unsent > limits.unsentBytesMax + (isStill ? 0 : limits.frameBytesMax)) return this.#abandon()
    const [head, body] = encodeFrame(message)
    this.#socket.cork()
    this.#socket.write(head)
    this.#socket.write(body, () => this.#taken())
    this.#socket.uncork()
  }

  readonly addEventListener: Port['addEventListener'] = (type, listener) => {
    if (type === 'message') this.#onMessage.add(listener)
    else this.#onError.add(listener)
  }

  onClosed(listener: () => void): void {
    if (this.#isClosed) listener()
    else this.#onClosed.add(listener)
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#socket.ref()
    else this.#socket.unref()
  }

  #taken(): void {
    this.#takenAtMs = this.#now()
  }

  #abandon(): void {
    this.close()
    this.#socket.destroy()
  }

  /** What was posted is still sent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.end()
    this.#socket.destroySoon()
    for (const listener of this.#onClosed) listener()
  }
}

function tell(listeners: Iterable<Listener>, type: string, data: unknown): void {
  for (const listener of listeners) listener(new MessageEvent(type, { data }))
}
