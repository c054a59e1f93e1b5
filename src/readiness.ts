/**
 * Ready to lead before it has to: an instance of SQLite is made, and what every leader does first is done once over nothing. WebAssembly
 * and JavaScript are compiled function by function, each at its first call; whoever waits for a new leader shall not wait for that.
 *
 *   a store in memory ─▶ made, written to, left as by a crash ─▶ recovered, read, closed ─▶ forgotten
 */
import { systemClock } from './effects/clock.ts'
import { type HeldPlace, memoryPlace } from './effects/place.ts'
import { DatabaseError } from './errors.ts'
import { Life, type LifePlace } from './life.ts'
import { settingsOf } from './options.ts'
import { KiB } from './units.ts'
import { prepareSqliteModule, type SqliteModule, type WasmBinary } from './vfs/sqlite-module.ts'

/** The next database that is opened here with this binary then needs no network, and little time. */
export function prepareToLead(wasmBinary?: WasmBinary): void {
  prepareSqliteModule(wasmBinary, rehearse)
}

async function rehearse(sqlite: SqliteModule): Promise<void> {
  const place = smallPlace()
  const first = lifeAt(place, sqlite)
  const made = await first.begin()
  await made.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b); CREATE INDEX i ON t(a)')
  await Promise.all(['x', 'y'].map((a) => made.exec('INSERT INTO t (a, b) VALUES (?, ?)', [a, 1.5])))
  first.fail(crashed())
  await first.ended.catch(() => undefined)
  const second = lifeAt(place, sqlite)
  const found = await second.begin()
  await found.query('SELECT a, b, count(*) AS n FROM t WHERE a >= ? GROUP BY a ORDER BY b DESC LIMIT 10', ['x'])
  await found.exec('UPDATE t SET b = ? WHERE a = ?', [null, 'x'])
  await second.close()
}

const lifeAt = (place: LifePlace, sqlite: SqliteModule): Life =>
  new Life(place, {
    name: 'rehearsal',
    settings: settingsOf({ storage: 'memory' }),
    options: {},
    clock: systemClock,
    sqlite: Promise.resolve(sqlite),
  })

/** In memory, with a log that takes little of it. */
function smallPlace(): LifePlace {
  const place = memoryPlace()
  return {
    ...place,
    async acquire(): Promise<HeldPlace> {
      const held = await place.acquire()
      return { ...held, session: (options) => held.session({ ...options, segmentBytes: 256 * KiB }) }
    },
  }
}

const crashed = () => new DatabaseError('DATABASE_FAILED', 'this is how a leader ends that has crashed')
