/** A database behind a channel, in one thread: both ends of a MessageChannel, so that everything is cloned as between threads. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { onTestFinished } from 'vitest'
import { openRemote } from '../../src/host/open-remote.ts'
import { Server } from '../../src/host/server.ts'
import type { Database, OpenOptions } from '../../src/index.ts'
import { open } from '../../src/index.ts'
import type { Port } from '../../src/wire/channel.ts'

export interface Remote {
  readonly db: Database
  readonly server: Server
  /** The client's end, for messages of a test's own. */
  readonly port: MessagePort
}

export async function openBehindChannel(options: OpenOptions = {}): Promise<Remote> {
  const { port1, port2 } = new MessageChannel()
  const server = new Server(portOf(port2), open)
  const db = await openRemote(
    portOf(port1),
    { name: 'test', options: { storage: 'memory', ...options } },
    { onClosed: () => undefined },
  )
  onTestFinished(async () => {
    await db.close()
    port1.close()
  })
  return { db, server, port: port1 }
}

/** Node's ports are those of the platform but for their types. */
export const portOf = (port: MessagePort): Port => port as unknown as Port
