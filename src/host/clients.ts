/**
 * The members that follow, as their leader sees them: each has a connection and a server of its own.
 *
 *   connection ─ join, soon ─▶ taken on: served until it leaves, its end is gone, or we lead no more
 *
 * They are told at each beat that we are there. A leader that stood still begins a new count: what was asked before it is not run, since
 * nobody may wait for it any more; who still does asks again.
 */
import type { Led } from '../api.ts'
import { DatabaseError } from '../errors.ts'
import type { Status } from '../events.ts'
import { limits } from '../limits.ts'
import type { ConnectionPragmas } from '../sql.ts'
import type { Join } from '../wire/protocol.ts'
import { PROTOCOL_OLDEST, PROTOCOL_VERSION } from '../wire/protocol.ts'
import type { Connection } from '../wire/transport.ts'
import { Server, type Guest } from './server.ts'
import type { Timer } from './timer.ts'

export interface ClientsPorts {
  readonly database: Led
  readonly epoch: () => number
  /** Where the database lies. */
  readonly medium: Status['medium']
  readonly pragmas: ConnectionPragmas
  readonly timer: Timer
  /** A message was none of ours, was repeated, or came from somebody who may not ask: it was dropped. */
  readonly onRefused: () => void
  /** Somebody knows of a leader of that epoch. */
  readonly onEpochHeard: (epoch: number) => void
}

interface Client {
  readonly connection: Connection
  readonly server: Server
}

export class Clients {
  readonly #ports: ClientsPorts
  readonly #clients = new Set<Client>()
  #beat = 1
  /** What was asked when an earlier beat was the last is asked again. */
  #beatFloor = 0
  #isResigned = false

  constructor(ports: ClientsPorts) {
    this.#ports = ports
  }

  get count(): number {
    return this.#clients.size
  }

  accept(connection: Connection): void {
    const { timer, onRefused } = this.#ports
    if (this.#isResigned || this.#clients.size >= limits.membersMax) return connection.close()
    const cancel = timer.after(limits.joinMs, () => connection.close())
    const server = new Server(connection, {
      timer,
      onRefused,
      join: (join) => {
        cancel()
        return this.#join(join)
      },
      leave: () => connection.close(),
      isStale: (beat) => beat === undefined || beat < this.#beatFloor,
    })
    const client = { connection, server }
    this.#clients.add(client)
    connection.onClosed(() => {
      cancel()
      this.#clients.delete(client)
      server.release()
    })
  }

  beat(): void {
    this.#beat += 1
    for (const { server } of this.#clients) server.tell({ kind: 'beat', beat: this.#beat })
  }

  /** Nothing was told or heard for longer than a lease. */
  stoodStill(): void {
    this.#beat += 1
    this.#beatFloor = this.#beat
    for (const { server } of this.#clients) server.tellStalled(this.#beat)
  }

  /** Their open transactions end, nobody is taken on. What they asked is finished; they ask the next leader what became of it. */
  resign(): void {
    this.#isResigned = true
    for (const { server } of this.#clients) {
      server.tell({ kind: 'resigned' })
      server.endTransactions()
    }
  }

  close(): void {
    this.#isResigned = true
    for (const { connection, server } of [...this.#clients]) {
      server.flush()
      connection.close()
    }
  }

  /** @throws PROTOCOL_MISMATCH, INVALID_OPTIONS */
  #join({ speaks, medium, pragmas, epoch: known }: Join): Guest {
    this.#ports.onEpochHeard(known)
    const version = Math.min(speaks.newest, PROTOCOL_VERSION)
    if (version < speaks.oldest || version < PROTOCOL_OLDEST) throw otherVersion(speaks)
    if (medium !== 'auto' && medium !== this.#ports.medium) throw otherMedium(medium, this.#ports.medium)
    const differing = differingPragma(pragmas, this.#ports.pragmas)
    if (differing !== undefined) throw otherSettings(differing)
    const { database, epoch } = this.#ports
    return { database, epoch: epoch(), version, beat: this.#beat }
  }
}

/** Settings of the connection are one for all who use it. */
function differingPragma(asked: ConnectionPragmas, ours: ConnectionPragmas): string | undefined {
  const names = [...Object.keys(asked), ...Object.keys(ours)] as (keyof ConnectionPragmas)[]
  return names.find((name) => name !== 'cacheSize' && asked[name] !== ours[name])
}

const otherVersion = (speaks: Join['speaks']) =>
  new DatabaseError(
    'PROTOCOL_MISMATCH',
    `the leader of the database speaks protocol ${PROTOCOL_OLDEST} to ${PROTOCOL_VERSION}, this member ${speaks.oldest} to ${speaks.newest}: load all pages, or restart all processes, with one version`,
    { details: { ...speaks, leaderOldest: PROTOCOL_OLDEST, leaderNewest: PROTOCOL_VERSION } },
  )

const otherMedium = (asked: string, ours: string) =>
  new DatabaseError(
    'INVALID_OPTIONS',
    `the database of this name that is open lies in ${ours}, and ${asked} was asked for: close it first, or ask for ${ours} or auto`,
    { details: { name: 'storage', asked, ours } },
  )

const otherSettings = (name: string) =>
  new DatabaseError(
    'INVALID_OPTIONS',
    `pragmas.${name} differs from that of the member which leads: all members of a database need the same`,
    { details: { name } },
  )
