/** The sides that are compared. Each opens the same table in a directory and offers the same calls on it. */
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import BetterSqlite3 from 'better-sqlite3'

/**
 * @typedef {object} Session
 * @property {(n: number) => unknown} insertAll n one-row writes, each its own commit, all wanted at once; resolves when all are acknowledged
 * @property {() => unknown} insertOne one row, one commit
 * @property {(n: number) => unknown} insertMany n rows, one commit
 * @property {(id: number) => unknown} readOne one row by its key
 * @property {() => number} barriers issued since the start
 * @property {() => unknown} close
 *
 * @typedef {object} Side
 * @property {string} name
 * @property {string} shortName
 * @property {string} durability what a finished write survives
 * @property {(directory: string) => Promise<Session>} start
 */

const create = 'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, value INTEGER)'
const insert = 'INSERT INTO t (name, value) VALUES (?, ?)'
const select = 'SELECT id, name, value FROM t WHERE id = ?'

/** @param {number} n */
const rowOf = (n) => /** @type {const} */ ([`a row with some text, number ${n}`, n])

/** @type {Side} */
export const ours = {
  name: 'DataSync strict',
  shortName: 'DataSync',
  durability: 'power loss',
  async start(directory) {
    const db = await openOurs('bench', { storage: { kind: 'fs', base: directory } })
    await db.exec(create)
    let n = 0
    const insertOne = () => db.exec(insert, rowOf(n++))
    return {
      insertAll: (count) => Promise.all(Array.from({ length: count }, insertOne)),
      insertOne,
      insertMany: (count) => db.batch(Array.from({ length: count }, () => ({ sql: insert, params: rowOf(n++) }))),
      readOne: async (id) => (await db.query(select, [id]))[0],
      barriers: () => metricsOf(db).barriers,
      close: () => db.close(),
    }
  },
}

/** One fsync per commit in FULL, none in NORMAL (counted by a shim around them), and two or three at each checkpoint of 1,000 pages. */
const better = (/** @type {'FULL' | 'NORMAL'} */ synchronous) =>
  /** @type {Side} */ ({
    name: `better-sqlite3 WAL ${synchronous}`,
    shortName: `better-sqlite3 ${synchronous}`,
    durability: synchronous === 'FULL' ? 'power loss' : 'process death',
    // Opening does not wait; the port is asynchronous for those that do.
    async start(directory) {
      const db = new BetterSqlite3(path.join(directory, 'bench.db'))
      db.pragma('journal_mode = WAL')
      db.pragma(`synchronous = ${synchronous}`)
      db.exec(create)
      return synchronousSession(db.prepare(insert), db.prepare(select), {
        inTransaction: (work) => db.transaction(work)(),
        barriersPerCommit: synchronous === 'FULL' ? 1 : 0,
        close: () => db.close(),
      })
    },
  })

export const betterFull = better('FULL')
export const betterNormal = better('NORMAL')

/** Rollback journal (it has no WAL), synchronous FULL: three fsyncs per commit (counted by a shim around them). @type {Side} */
export const wasm = {
  name: 'node-sqlite3-wasm DELETE FULL',
  shortName: 'node-sqlite3-wasm',
  durability: 'power loss',
  async start(directory) {
    const { default: sqlite } = await import('node-sqlite3-wasm')
    const db = new sqlite.Database(path.join(directory, 'bench.db'))
    db.exec(create)
    const [write, read] = [db.prepare(insert), db.prepare(select)]
    return synchronousSession(
      { run: (name, value) => write.run([name, value]) },
      { get: (id) => read.get([id]) },
      {
        inTransaction(work) {
          db.exec('BEGIN')
          work()
          db.exec('COMMIT')
        },
        barriersPerCommit: 3,
        close() {
          write.finalize()
          read.finalize()
          db.close()
        },
      },
    )
  },
}

/**
 * What no database on this file system can beat: the same statement on a memory database (better-sqlite3, native), then one
 * write of as many bytes as our commit record has into a preallocated file, then fdatasync.
 * @param {number} bytes
 * @returns {Side}
 */
export const floor = (bytes) => ({
  name: `floor: memory statement + ${bytes / 1024} KiB write + fdatasync`,
  shortName: 'the floor',
  durability: 'power loss',
  async start(directory) {
    const db = new BetterSqlite3(':memory:')
    db.exec(create)
    const fileBytes = 4 * 1024 * 1024
    const file = openSync(path.join(directory, 'floor'), 'w+')
    writeSync(file, Buffer.alloc(fileBytes), 0, fileBytes, 0)
    fsyncSync(file)
    const record = Buffer.alloc(bytes, 1)
    let position = 0
    const write = db.prepare(insert)
    return synchronousSession(
      {
        run(name, value) {
          write.run(name, value)
          writeSync(file, record, 0, bytes, position)
          fdatasyncSync(file)
          position = position + 2 * bytes > fileBytes ? 0 : position + bytes
        },
      },
      db.prepare(select),
      {
        inTransaction: (work) => work(),
        barriersPerCommit: 1,
        close() {
          closeSync(file)
          db.close()
        },
      },
    )
  },
})

/**
 * @param {{ run(name: string, value: number): unknown }} write
 * @param {{ get(id: number): unknown }} read
 * @param {{ inTransaction: (work: () => void) => void, barriersPerCommit: number, close: () => void }} how
 * @returns {Session}
 */
function synchronousSession(write, read, { inTransaction, barriersPerCommit, close }) {
  let n = 0
  let barriers = 0
  const insertOne = () => {
    write.run(...rowOf(n++))
    barriers += barriersPerCommit
  }
  return {
    insertAll(count) {
      for (let i = 0; i < count; i++) insertOne()
    },
    insertOne,
    insertMany(count) {
      inTransaction(() => {
        for (let i = 0; i < count; i++) write.run(...rowOf(n++))
      })
      barriers += barriersPerCommit
    },
    readOne: (id) => read.get(id),
    barriers: () => barriers,
    close,
  }
}

/** @type {Promise<typeof import('../src/index.ts')> | undefined} */
let library

/** Our own, as it is published: from dist/. @param {string} name @param {import('../src/api.ts').OpenOptions} options */
export async function openOurs(name, options) {
  library ??= import(new URL('../dist/index.js', import.meta.url).href)
  return (await library).open(name, options)
}

/** The metrics of now. @param {import('../src/api.ts').Database} db @returns {import('../src/metrics.ts').Metrics} */
export function metricsOf(db) {
  /** @type {import('../src/metrics.ts').Metrics | undefined} */
  let now
  db.metrics$
    .subscribe((metrics) => {
      now = metrics
    })
    .unsubscribe()
  if (now === undefined) throw new Error('metrics$ tells the metrics of now at once')
  return now
}

/** Version of an installed peer. @param {string} name */
export function versionOf(name) {
  const file = path.join(import.meta.dirname, 'node_modules', name, 'package.json')
  /** @type {{ version: string }} */
  const { version } = JSON.parse(readFileSync(file, 'utf8'))
  return version
}
