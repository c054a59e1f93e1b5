/** Opens a database on the other side of a port. */
import type { Database, OpenOptions } from '../api.ts'
import { DatabaseError } from '../errors.ts'
import { isolated } from '../logger.ts'
import { callOnSync } from '../streams/callbacks.ts'
import type { Port } from '../wire/channel.ts'
import type { Opened, WireOpenOptions } from '../wire/protocol.ts'
import { Link } from './link.ts'
import { RemoteDatabase } from './remote-database.ts'

export interface RemoteOptions {
  /** Hands over how to say that the other side has died. */
  readonly onLink?: (lose: (error: DatabaseError) => void) => void
  /** The database is closed, or could not be opened. */
  readonly onClosed: () => void
}

/** @throws what `open` throws on the other side */
export async function openRemote(
  port: Port,
  { name, options }: { readonly name: string; readonly options: OpenOptions },
  { onLink, onClosed }: RemoteOptions,
): Promise<Database> {
  const { signal, logger, on, worker: _, ...rest } = options
  const link = new Link(port, { logger: logger === undefined ? undefined : isolated(logger) })
  onLink?.((error) => link.lose(error))
  const wireOptions: WireOpenOptions = { ...rest, isLogged: logger !== undefined }
  try {
    const opened = (await link.ask((id) => ({ kind: 'open', id, name, options: wireOptions }), { signal })) as Opened
    const database = new RemoteDatabase(name, { link, opened, onClosed })
    if (on !== undefined) callOnSync(database.events$, on)
    return database
  } catch (error) {
    onClosed()
    throw error
  }
}
