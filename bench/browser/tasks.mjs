/** What is measured, on any connection, in the page or in a worker. Times are milliseconds. */
import { emptyTable, singleInserts, sixteenSteps } from './steps.mjs'

/**
 * @typedef {{ ms: number[], barriers: number, left?: import('./connect.mjs').Connection }} Measured
 *   `left`: what was left open, for the caller to ask for its barriers and to close
 * @typedef {(connect: (name: string) => Promise<import('./connect.mjs').Connection>, given: { name: string, scale: number }) => Promise<Measured>} Task
 */

/** @param {() => unknown} work */
async function timeMs(work) {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

/** On a database of its own, which is closed. @param {(db: import('./connect.mjs').Connection) => Promise<number[]>} work @returns {Task} */
const onDatabase =
  (work) =>
  async (connect, { name }) => {
    const db = await connect(name)
    await db.exec(emptyTable)
    const before = await db.barriers()
    const ms = await work(db)
    const barriers = (await db.barriers()) - before
    await db.close()
    return { ms, barriers }
  }

/** @type {Record<string, Task>} */
export const tasks = {
  /** One time per step. */
  async steps(connect, given) {
    const steps = sixteenSteps(given.scale)
    return onDatabase(async (db) => {
      const ms = []
      for (const { sql } of steps) ms.push(await timeMs(() => db.exec(sql)))
      return ms
    })(connect, given)
  },

  /** One time for all. */
  async awaited(connect, given) {
    const statements = singleInserts(1000 * given.scale)
    return onDatabase(async (db) => [
      await timeMs(async () => {
        for (const sql of statements) await db.exec(sql)
      }),
    ])(connect, given)
  },

  /** One time for all. */
  async concurrent(connect, given) {
    const statements = singleInserts(1000 * given.scale)
    return onDatabase(async (db) => [await timeMs(() => db.execAll(statements))])(connect, given)
  },

  /** Two times: of an UPDATE of one row until it is durable, in a database of 1 MiB and in one of 64; medians of alternating updates. */
  async sizes(connect, { name, scale }) {
    const small = await filled(connect, `${name}-small`, 1)
    const large = await filled(connect, `${name}-large`, largeMiB(scale))
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    // In a worker one count is of both.
    const counts = [...new Set([small.barriers, large.barriers])]
    const before = await sumOf(counts)
    const times = { small: [], large: [] }
    for (let update = 0; update < updatesOfEach; update++) {
      times.small.push(await timeMs(() => small.exec(updateOf(update, 1))))
      times.large.push(await timeMs(() => large.exec(updateOf(update, largeMiB(scale)))))
    }
    const barriers = (await sumOf(counts)) - before
    await small.close()
    await large.close()
    return { ms: [median(times.small), median(times.large)], barriers }
  },

  /** Nothing is measured: makes the database that `firstRow` opens. */
  async fill(connect, { name, scale }) {
    const db = await filled(connect, name, largeMiB(scale))
    await db.close()
    return { ms: [], barriers: NaN }
  },

  /** Nothing is measured: the caller takes the time from nothing to the first row, and counts afterwards. */
  async firstRow(connect, { name }) {
    const db = await connect(name)
    await db.exec('SELECT v FROM filled WHERE id = 1')
    return { ms: [], barriers: NaN, left: db }
  },
}

/** Those of what was left open are counted from its start. @param {Measured} measured */
export const barriersOf = async ({ barriers, left }) => (left === undefined ? barriers : await left.barriers())

/** In `sizes`. */
export const updatesOfEach = 60

/** What was filled in is folded meanwhile, where a side does that once nothing is written for two seconds: no fold is measured. */
const settleMs = 5000

const rowsPerMiB = 1000
const largeMiB = (/** @type {number} */ scale) => Math.ceil(64 * scale)

/** A database of about so many MiB; it is checkpointed where and when the side does that. */
async function filled(connect, name, mib) {
  const db = await connect(name)
  await db.exec('CREATE TABLE filled(id INTEGER PRIMARY KEY, v BLOB)')
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rowsPerMiB})`
  for (let done = 0; done < mib; done++)
    await db.exec(`${numbers} INSERT INTO filled(v) SELECT randomblob(1000) FROM n`)
  await db.exec("UPDATE filled SET v = 'the first row' WHERE id = 1")
  return db
}

/** @param {readonly import('./connect.mjs').Connection['barriers'][]} counts */
async function sumOf(counts) {
  let total = 0
  for (const count of counts) total += await count()
  return total
}

/** Spread over the whole table. */
const updateOf = (/** @type {number} */ update, /** @type {number} */ mib) =>
  `UPDATE filled SET v = randomblob(1000) WHERE id = ${((update * 7919) % (mib * rowsPerMiB)) + 1}`

function median(values) {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[sorted.length >> 1]
}
