/**
 * Members in one browser: everybody hears `datasync:<name>`, and what a client and a leader say to each other has a channel of its own.
 *
 *   client ── seek <connection> ──────────────────────────▶ everybody
 *   leader ── here <connection> <leader> <epoch> ─────────▶ everybody; both use datasync:<name>:<connection>:<leader> from then on
 *   leader ── coming ─────────────────────────────────────▶ everybody, again and again until it leads: recovery may take long
 *   leader ── leading <epoch> ────────────────────────────▶ everybody, at each beat; who still seeks says so again
 *
 * These words have no version, because members come to know each other's by them: with the names of the channels and of the lock they
 * are as they are for all time. A later build may add fields, which this one does not read; a word that it does not know it takes for a
 * stranger's. What the two say in their own channel has the protocol's version (wire/protocol.ts).
 *
 * Two may answer, when one of them does not know yet that its time is over: each has its own channel, and the client takes one. If that
 * is the wrong one, it is told so by who asks to join it, and the client seeks again.
 * A client holds a Web Lock named like its connection; when the leader gets that lock, the client is gone. That the leader is gone is
 * told by the leader's own lock. A channel delivers in order and buffers nothing, so the listener is there before anything is asked.
 */
import { limits } from '../limits.ts'
import { BroadcastConnection } from './broadcast-connection.ts'
import type { Connection, ServePorts, Serving, Transport } from '../wire/transport.ts'

export interface BroadcastPorts {
  /** Runs `fn` once after `ms`; returns how to cancel it. */
  after(ms: number, fn: () => void): () => void
  /** 32 hexadecimal digits that nobody guesses and nobody had. */
  newId(): string
  /** Undefined where there are no Web Locks: then nobody is told that a client is gone. */
  readonly locks: LockManager | undefined
}

type Word =
  | { readonly kind: 'seek'; readonly connection: string }
  | { readonly kind: 'here'; readonly connection: string; readonly leader: string; readonly epoch: number }
  | { readonly kind: 'leading'; readonly epoch: number }
  | { readonly kind: 'coming' }

export class BroadcastTransport implements Transport {
  readonly #name: string
  readonly #ports: BroadcastPorts
  readonly #common: BroadcastChannel
  readonly #listeners = new Set<(word: Word) => void>()
  /** While it leads: something that is none of our words was said. */
  #onRefused: () => void = () => undefined
  #isClosed = false

  constructor(name: string, ports: BroadcastPorts) {
    this.#name = `datasync:${name}`
    this.#ports = ports
    this.#common = new BroadcastChannel(this.#name)
    this.#common.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      const word = wordOf(data)
      if (word === undefined) return this.#onRefused()
      for (const listener of this.#listeners) listener(word)
    })
  }

  serve(epoch: number, { onConnection, onRefused }: ServePorts): Promise<Serving> {
    this.#onRefused = onRefused
    const leader = this.#ports.newId()
    const open = new Set<string>()
    const stop = this.#listen((word) => {
      if (word.kind !== 'seek') return
      const { connection: id } = word
      // Said twice, it is answered twice and served once: two who serve one channel would both do what is asked there.
      if (!open.has(id)) {
        open.add(id)
        const connection = this.#open(id, leader)
        connection.onClosed(() => open.delete(id))
        this.#closeWithClient(id, connection)
        onConnection(connection)
      }
      this.#say({ kind: 'here', connection: id, leader, epoch })
    })
    this.announce(epoch)
    return Promise.resolve({
      stop: () => {
        stop()
        this.#onRefused = () => undefined
      },
    })
  }

  async connect(): Promise<Connection | undefined> {
    const id = this.#ports.newId()
    const letGo = await this.#holdLock(id)
    const leader = await new Promise<string | undefined>((resolve) => {
      const end = (found?: string) => {
        stop()
        cancel()
        resolve(found)
      }
      const cancel = this.#ports.after(limits.joinMs, () => end())
      const seek = () => this.#say({ kind: 'seek', connection: id })
      const stop = this.#listen((word) => {
        if (word.kind === 'here' && word.connection === id) end(word.leader)
        // Whoever begins to lead has not heard what was said before.
        if (word.kind === 'leading') seek()
      })
      seek()
    })
    if (leader === undefined) {
      letGo()
      return undefined
    }
    const connection = this.#open(id, leader)
    connection.onClosed(letGo)
    return connection
  }

  announce(epoch: number | undefined): void {
    this.#say(epoch === undefined ? { kind: 'coming' } : { kind: 'leading', epoch })
  }

  onAnnounced(listener: (epoch: number | undefined) => void): () => void {
    return this.#listen((word) => {
      if (word.kind === 'leading') listener(word.epoch)
      if (word.kind === 'coming') listener(undefined)
    })
  }

  close(): void {
    this.#isClosed = true
    this.#listeners.clear()
    this.#common.close()
  }

  #say(word: Word): void {
    if (!this.#isClosed) this.#common.postMessage(word)
  }

  #listen(listener: (word: Word) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #open(connection: string, leader: string): BroadcastConnection {
    return new BroadcastConnection(new BroadcastChannel(`${this.#name}:${connection}:${leader}`))
  }

  /** Resolves to how to let go, once the lock is held. */
  #holdLock(connection: string): Promise<() => void> {
    const { locks } = this.#ports
    if (locks === undefined) return Promise.resolve(() => undefined)
    return new Promise((resolve, reject) => {
      locks.request(`${this.#name}:${connection}`, () => new Promise<void>((letGo) => resolve(letGo))).catch(reject)
    })
  }

  #closeWithClient(id: string, connection: BroadcastConnection): void {
    const { locks } = this.#ports
    const stop = new AbortController()
    connection.onClosed(() => stop.abort())
    locks
      ?.request(`${this.#name}:${id}`, { signal: stop.signal }, () => connection.close())
      // Withdrawn: the connection is closed already, and closing it again is nothing.
      .catch(() => connection.close())
  }
}

const ID = /^[0-9a-f]{32}$/
const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value)

/** Others of this origin may post here: what is none of these words is not heard. */
function wordOf(data: unknown): Word | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const {
    kind,
    connection,
    leader,
    epoch,
  }: { kind?: unknown; connection?: unknown; leader?: unknown; epoch?: unknown } = data
  if (kind === 'coming') return { kind }
  if (kind === 'seek' && isId(connection)) return { kind, connection }
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch)) return undefined
  if (kind === 'leading') return { kind, epoch }
  return kind === 'here' && isId(connection) && isId(leader) ? { kind, connection, leader, epoch } : undefined
}
