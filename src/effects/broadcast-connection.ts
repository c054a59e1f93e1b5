/** A client and a leader in one browser: a channel that only the two know the name of. */
import type { Port } from '../wire/channel.ts'
import type { Connection } from '../wire/transport.ts'

export class BroadcastConnection implements Connection {
  readonly #channel: BroadcastChannel
  readonly #onClosed = new Set<() => void>()
  #isClosed = false

  constructor(channel: BroadcastChannel) {
    this.#channel = channel
  }

  /** What would be handed over is copied: a broadcast has no one to hand it to. */
  postMessage(message: unknown): void {
    if (!this.#isClosed) this.#channel.postMessage(message)
  }

  readonly addEventListener: Port['addEventListener'] = (type, listener) => {
    this.#channel.addEventListener(type, (event: MessageEvent<unknown>) => {
      if (!this.#isClosed) listener(event)
    })
  }

  onClosed(listener: () => void): void {
    if (this.#isClosed) listener()
    else this.#onClosed.add(listener)
  }

  hold(): void {
    // A page lives as long as it is shown, whatever it waits for.
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#channel.close()
    for (const tell of this.#onClosed) tell()
  }
}
