/** A database behind a channel, in one thread: both ends of a MessageChannel, so that everything is cloned as between threads. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/effects/clock.ts'
import { openRemote } from '../../src/host/open-remote.ts'
import type { MonotonicTimer } from '../../src/host/timer.ts'
import { Server } from '../../src/host/server.ts'
import type { Database, DatabaseError, OpenOptions } from '../../src/index.ts'
import { destroy, open } from '../../src/index.ts'
import type { Led } from '../../src/api.ts'
import type { Port } from '../../src/wire/channel.ts'

export interface Remote {
  readonly db: Database
  readonly server: Server
  /** The thread of the other side is not needed any more. */
  isEnded(): boolean
  /** The other side dies. */
  die(error: DatabaseError): void
  /** The server's end, for messages of a test's own. */
  readonly otherEnd: MessagePort
  readonly clientEnd: MessagePort
}

export async function openBehindChannel(
  options: OpenOptions = {},
  timer: MonotonicTimer = systemClock,
): Promise<Remote> {
  const { port1, port2 } = new MessageChannel()
  const server = new Server(portOf(port2), {
    timer: systemClock,
    open: async (name, options) => (await open(name, options)) as Led,
    destroy,
  })
  const deaths: ((error: DatabaseError) => void)[] = []
  let isEnded = false
  const end = () => {
    isEnded = true
  }
  const otherSide = { port: portOf(port1), timer, onDeath: deaths.push.bind(deaths), end }
  const db = await openRemote(otherSide, { name: 'test', options: { storage: 'memory', ...options } })
  onTestFinished(async () => {
    await db.close().catch(() => undefined)
    port1.close()
  })
  const die = (error: DatabaseError) => {
    for (const tell of deaths) tell(error)
  }
  return { db, server, isEnded: () => isEnded, die, otherEnd: port2, clientEnd: port1 }
}

/** Node's ports are those of the platform but for their types. */
export const portOf = (port: MessagePort): Port => port as unknown as Port
