/** A connection to a database of any side, inside a worker: the same few calls on each. */
import { openHere } from '../../dist/browser-here.js'
import { barriersOfThread } from './barriers.mjs'
import { openAbsurder, openPglite } from './more-peers.mjs'

/**
 * @typedef {object} Connection
 * @property {(sql: string) => unknown} exec resolves when it is acknowledged at the side's level
 * @property {(statements: readonly string[]) => unknown} execAll all wanted at once, each its own commit
 * @property {() => number | Promise<number>} barriers issued since the start
 * @property {() => unknown} close
 */

/** @typedef {Pick<Connection, 'exec' | 'close'>} PlainConnection of a side that runs one statement at a time */

/** @param {import('./sides.mjs').Side} side @param {string} name @returns {Promise<Connection>} */
export async function connect(side, name) {
  const connection = await openers[side.kind](side, name)
  for (const sql of side.setup ?? []) await connection.exec(sql)
  return connection
}

/** @type {Record<Exclude<import('./sides.mjs').Side['kind'], 'sqlocal'>, (side: import('./sides.mjs').Side, name: string) => Promise<Connection>>} */
const openers = {
  async ours({ storage }, name) {
    const db = await openHere(name, { storage, wasmUrl: '/ours/wa-sqlite.wasm' })
    return { ...ofDatabase(db), barriers: barriersOfThread }
  },

  async 'wa-sqlite'({ vfs, build }, name) {
    const { sqlite3, db, storage } = await openWaSqlite({ vfs, build, name })
    return oneByOne({
      exec: (sql) => sqlite3.exec(db, sql),
      async close() {
        await sqlite3.close(db)
        await storage.close()
      },
    })
  },

  async 'sqlite-wasm'(_, name) {
    const { default: initialize } = await import('/peers/@sqlite.org/sqlite-wasm/dist/index.mjs')
    const sqlite3 = await initialize({ print() {}, printErr() {} })
    const pool = await sqlite3.installOpfsSAHPoolVfs({ name, directory: `/${name}`, initialCapacity: 6 })
    const db = new pool.OpfsSAHPoolDb('/bench.db')
    return oneByOne({ exec: (sql) => db.exec(sql), close: () => db.close() })
  },

  pglite: async (_, name) => oneByOne(await openPglite(name)),
  'absurder-sql': async (_, name) => oneByOne(await openAbsurder(name)),
}

/** wa-sqlite as its README opens it. @param {{ vfs: string, build: string, name: string }} which */
export async function openWaSqlite({ vfs, build, name }) {
  const [{ default: makeModule }, api, { [vfs]: Storage }] = await Promise.all([
    import(`/peers/wa-sqlite/dist/${build}.mjs`),
    import('/peers/wa-sqlite/src/sqlite-api.js'),
    import(`/peers/wa-sqlite/src/examples/${vfs}.js`),
  ])
  const module = await makeModule()
  const sqlite3 = api.Factory(module)
  const storage = await Storage.create(name, module)
  sqlite3.vfs_register(storage, true)
  return { sqlite3, storage, db: await sqlite3.open_v2(`${name}.db`) }
}

/** Ours. @param {import('../../src/api.ts').Database} db */
export const ofDatabase = (db) => ({
  exec: (/** @type {string} */ sql) => db.exec(sql),
  execAll: (/** @type {readonly string[]} */ statements) => Promise.all(statements.map((sql) => db.exec(sql))),
  close: () => db.close(),
})

/**
 * A side whose connection runs one statement at a time: what is wanted at once waits in line.
 * @param {PlainConnection} side
 * @param {() => number} [barriers]
 * @returns {Connection}
 */
export const oneByOne = ({ exec, close }, barriers = barriersOfThread) => ({
  exec,
  async execAll(statements) {
    for (const sql of statements) await exec(sql)
  },
  barriers,
  close,
})
