/**
 * A database whose SQLite is asked how often it spilled: wrote a page before the COMMIT because its cache had no room for it. SQLite counts
 * that itself; the instance is an ordinary one, of which the test keeps the connection.
 */
import { systemClock } from '../../../src/effects/clock.ts'
import type { Place } from '../../../src/effects/place.ts'
import type { Database, OpenOptions } from '../../../src/index.ts'
import { Life } from '../../../src/life.ts'
import { settingsOf } from '../../../src/options.ts'
import { createSqliteModule, type SqliteModule } from '../../../src/vfs/sqlite-module.ts'

/** The build exports it; nothing that ships calls it. */
interface WithStatus extends SqliteModule {
  _sqlite3_db_status(db: number, what: number, outNow: number, outHighest: number, reset: number): number
}

/** SQLITE_DBSTATUS_CACHE_SPILL: pages written in the middle of a transaction, since the connection was opened. */
const CACHE_SPILL = 12

export interface Counted {
  readonly db: Database
  readonly spills: () => number
}

/** As `openAt` opens a place that is not shared, with an instance of SQLite that is given. */
export async function openCounted(place: Place, options: OpenOptions): Promise<Counted> {
  const module = (await createSqliteModule()) as WithStatus
  const spills = spillsOf(module)
  const given = { name: 'test', settings: settingsOf(options), options, clock: systemClock }
  return { db: await new Life(place, { ...given, sqlite: Promise.resolve(module) }).begin(), spills }
}

function spillsOf(module: WithStatus): () => number {
  let connection = 0
  const { _sqlite3_extended_result_codes: turnOn } = module
  module._sqlite3_extended_result_codes = (db, on) => {
    connection = db
    return turnOn(db, on)
  }
  return () => {
    const out = module._sqlite3_malloc(8)
    const code = module._sqlite3_db_status(connection, CACHE_SPILL, out, out + 4, 0)
    const count = module.HEAP32[out >> 2]
    module._sqlite3_free(out)
    if (code !== 0 || count === undefined) throw new Error(`sqlite3_db_status: ${code}`)
    return count
  }
}
