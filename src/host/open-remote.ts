/** Opens, or removes, a database on the other side of a port. */
import type { Led, OpenOptions } from '../api.ts'
import { DatabaseError } from '../errors.ts'
import { isolated } from '../logger.ts'
import { callOnSync } from '../streams/callbacks.ts'
import type { Opened, WireOpenOptions } from '../wire/protocol.ts'
import { Link } from './link.ts'
import { RemoteDatabase } from './remote-database.ts'
import type { OtherSide } from './worker-thread.ts'

interface Named {
  readonly name: string
  readonly options: OpenOptions
}

/** @throws what `open` throws on the other side */
export async function openRemote({ port, timer, onDeath, end }: OtherSide, { name, options }: Named): Promise<Led> {
  const { signal, logger, on } = options
  const link = new Link(port, { timer, logger: logger === undefined ? undefined : isolated(logger) })
  onDeath((error) => link.lose(error))
  try {
    const asked = link.ask((id) => ({ kind: 'open', id, name, options: wireOptions(options) }), { signal })
    const onClosed = () => {
      link.lose(closed())
      end()
    }
    // The protocol answers `open` with this.
    const database = new RemoteDatabase(name, { link, opened: (await asked) as Opened, onClosed })
    if (on !== undefined) callOnSync(database.events$, on)
    return database
  } catch (error) {
    end()
    throw error
  }
}

/** @throws what `destroy` throws on the other side */
export async function destroyRemote({ port, timer, onDeath, end }: OtherSide, { name, options }: Named): Promise<void> {
  const link = new Link(port, { timer })
  onDeath((error) => link.lose(error))
  try {
    await link.ask((id) => ({ kind: 'destroy', id, name, options: wireOptions(options) }))
  } finally {
    end()
  }
}

const closed = () => new DatabaseError('DATABASE_CLOSED', 'the database is closed')

function wireOptions({ signal: _s, logger, on: _o, worker: _w, ...rest }: OpenOptions): WireOpenOptions {
  return { ...rest, isLogged: logger !== undefined }
}
