/**
 * The way between members, whose every delivery is a task of the scheduler: what goes one way keeps its order, and everything else may
 * come before everything else. Where a connection ends, what was on its way is lost.
 */
import type * as fc from 'fast-check'
import type { Connection, ServePorts, Serving, Transport } from '../../../src/wire/transport.ts'

type Listener = (event: MessageEvent<unknown>) => void

/** What is put in comes out in its order, each when the scheduler says so. `clear` loses what is inside and returns how much that was. */
export function line<T>(s: fc.Scheduler, label: string, deliver: (item: T) => void) {
  let inside: T[] = []
  const next = () => {
    const [item, ...rest] = inside
    inside = rest
    if (item !== undefined) deliver(item)
  }
  return {
    put(item: T): void {
      inside.push(item)
      void s.schedule(Promise.resolve(), label).then(next)
    },
    clear: () => inside.splice(0).length,
  }
}

class End implements Connection {
  readonly #listeners: Listener[] = []
  readonly #onClosed: (() => void)[] = []
  readonly #inbox
  readonly #onLost: (count: number) => void
  #isClosed = false
  other: End | undefined

  constructor(s: fc.Scheduler, label: string, onLost: (count: number) => void = () => undefined) {
    this.#onLost = onLost
    this.#inbox = line<object>(s, label, (data) => {
      for (const listener of this.#listeners) listener({ data } as MessageEvent)
    })
  }

  /** What arrives is a copy, as between threads. */
  postMessage(message: object): void {
    if (!this.#isClosed) this.other?.receive(structuredClone(message))
  }

  receive(message: object): void {
    this.#inbox.put(message)
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

  /** Both ends are over. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onLost(this.#inbox.clear())
    for (const tell of this.#onClosed) tell()
    this.other?.close()
  }
}

interface Server extends ServePorts {
  readonly epoch: number
}

/** Everybody's way to everybody. Who was superseded and does not know it may be found as well as who leads. */
export class Switchboard {
  readonly #s: fc.Scheduler
  readonly #servers = new Set<Server>()
  readonly #announced = new Set<{ readonly put: (epoch: number) => void }>()
  /** Ends of clients, by the epoch of the leader. */
  readonly #ends = new Map<number, End[]>()
  /** Messages of leaders that were on their way when their connection ended. */
  lostCount = 0

  constructor(s: fc.Scheduler) {
    this.#s = s
  }

  transport(): Transport {
    return {
      serve: (epoch, ports) => Promise.resolve(this.#serve({ epoch, ...ports })),
      connect: () => this.#connect(),
      announce: (epoch) => this.announce(epoch),
      onAnnounced: (listener) => {
        const announced = line<number>(this.#s, 'announced', listener)
        this.#announced.add(announced)
        return () => void this.#announced.delete(announced)
      },
      close: () => undefined,
    }
  }

  announce(epoch: number | undefined): void {
    if (epoch !== undefined) for (const announced of this.#announced) announced.put(epoch)
  }

  /** All connections of that leader end. */
  cut(epoch: number): void {
    for (const end of this.#ends.get(epoch)?.splice(0) ?? []) end.close()
  }

  #serve(server: Server): Serving {
    this.#servers.add(server)
    this.announce(server.epoch)
    return { stop: () => void this.#servers.delete(server) }
  }

  /** The first that answers. */
  async #connect(): Promise<Connection | undefined> {
    const answers = [...this.#servers].map((server) => this.#s.schedule(Promise.resolve(server), 'here'))
    const server = answers.length === 0 ? undefined : await Promise.race(answers)
    if (server === undefined || !this.#servers.has(server)) return undefined
    const client = new End(this.#s, 'to the client', (count) => (this.lostCount += count))
    const leader = new End(this.#s, 'to the leader')
    client.other = leader
    leader.other = client
    this.#ends.set(server.epoch, [...(this.#ends.get(server.epoch) ?? []), client])
    server.onConnection(leader)
    return client
  }
}
