/** Both ends of a connection in one thread. What is posted waits until it is delivered, in order: an end can be made to stand still. */
import type { Connection } from '../../src/wire/transport.ts'

type Listener = (event: MessageEvent<unknown>) => void

class End implements Connection {
  readonly inbox: unknown[] = []
  readonly #listeners: Listener[] = []
  readonly #onClosed: (() => void)[] = []
  #isClosed = false
  other: End | undefined

  postMessage(message: unknown): void {
    this.other?.inbox.push(structuredClone(message))
  }

  addEventListener(type: 'message' | 'messageerror', listener: Listener): void {
    if (type === 'message') this.#listeners.push(listener)
  }

  onClosed(listener: () => void): void {
    this.#onClosed.push(listener)
  }

  hold(): void {
    // Nothing ends here.
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const tell of this.#onClosed) tell()
    this.other?.close()
  }

  /** Everything that has come so far, and what is done for it at once. */
  async deliver(): Promise<void> {
    await turn()
    for (const data of this.inbox.splice(0)) for (const listener of this.#listeners) listener({ data } as MessageEvent)
    await turn()
  }
}

/** Promises that can settle have. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

export function pipe(): { readonly client: End; readonly leader: End } {
  const [client, leader] = [new End(), new End()]
  client.other = leader
  leader.other = client
  return { client, leader }
}
