/**
 * The worker of the fault experiment, one thread for each phase:
 *
 *   commit   667 of 2,000 rows are updated; the transaction that carries it, or each from then on, is aborted at its
 *            commit; then one more row is inserted
 *   reopen   what is there
 *
 * Whatever is asked has a time in which to answer.
 */
import { openHere } from '../../dist/browser-here.js'
import { abortsHeard, armAbort, installAbort } from './abort-at-commit.mjs'
import { openWaSqlite } from './connect.mjs'
import { within } from './within.mjs'

const answerMs = 5000
/** Of each request to ours, 30 s if nothing is said: until then a commit that was aborted is tried again. */
const deadlineMs = 3000
const update = "UPDATE t SET v = v || ' after ' || hex(zeroblob(100)) WHERE id % 3 = 1"
const fill = `CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t(v) SELECT 'before ' || i FROM n`
const counts = "SELECT count(*) FILTER (WHERE v LIKE '% after %'), count(*) FILTER (WHERE v = 'next') FROM t"

let unhandled = 0
addEventListener('unhandledrejection', (event) => {
  unhandled++
  event.preventDefault()
})

installAbort()

/**
 * `silent`: no answer in its time; `isOpen`: told that the outcome is not known.
 * @typedef {{ told: 'done' | 'refused' | 'silent', text: string, value?: unknown, isOpen?: boolean }} Answer
 */

/** @param {() => unknown} ask @returns {Promise<Answer>} */
async function answerTo(ask) {
  const silence = Symbol('silence')
  const asked = Promise.resolve().then(ask)
  try {
    const value = await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, answerMs, silence))])
    if (value === silence) return { told: 'silent', text: `no answer in ${answerMs / 1000} s` }
    return { told: 'done', text: 'success', value }
  } catch (error) {
    const { code = 'error', message, outcome } = error
    const text =
      typeof code === 'string' ? [code, ...(outcome ? [`outcome ${outcome}`] : [])].join(', ') : `${code}: ${message}`
    return { told: 'refused', text, isOpen: outcome === 'unknown' }
  }
}

const phases = {
  async commit({ side, name, isLasting }) {
    const db = await open(side, name)
    await db.exec(fill)
    armAbort(side.carrier, { isLasting })
    const updated = await answerTo(() => db.exec(update))
    // What is acknowledged before it is durable is asked for: the abort comes with the flush.
    const settled = updated.told === 'done' ? await answerTo(db.settle) : undefined
    const isUsable = updated.told !== 'silent' && settled?.told !== 'silent'
    const visible = isUsable ? await answerTo(() => db.row(counts)) : undefined
    const next = isUsable ? await answerTo(() => db.exec("INSERT INTO t(v) VALUES ('next')")) : undefined
    const closed = isUsable ? await answerTo(db.close) : undefined
    return { aborts: abortsHeard(), updated, settled, visible, next, closed, unhandled }
  },

  async reopen({ side, name }) {
    const opened = await answerTo(() => open(side, name))
    if (opened.told !== 'done') return { counts: opened, integrity: opened }
    const db = /** @type {Awaited<ReturnType<typeof open>>} */ (opened.value)
    const integrity = await answerTo(() => db.row('PRAGMA integrity_check(1)'))
    return { counts: await answerTo(() => db.row(counts)), integrity }
  },
}

/** @param {import('./faulty-sides.mjs').FaultySide} side @param {string} name */
const open = (side, name) => (side.vfs === undefined ? openOurs(side, name) : openPeer(side, name))

async function openOurs({ level }, name) {
  const db = await openHere(name, { storage: 'indexeddb', durability: level, wasmUrl: '/ours/wa-sqlite.wasm' })
  return {
    exec: (sql) => db.exec(sql, [], { deadlineMs }).then(() => undefined),
    row: async (sql) => (await db.query(sql, [], { rowMode: 'array', deadlineMs }))[0],
    settle: () => db.forceSync().then(() => undefined),
    close: () => db.close(),
  }
}

async function openPeer({ vfs, level }, name) {
  const { sqlite3, db, storage } = await openWaSqlite({ vfs, build: 'wa-sqlite-async', name })
  await sqlite3.exec(db, `PRAGMA synchronous = ${level}`)
  return {
    exec: (sql) => sqlite3.exec(db, sql).then(() => undefined),
    async row(sql) {
      let row
      await sqlite3.exec(db, sql, (values) => (row = values))
      return row
    },
    settle: () => {},
    async close() {
      await sqlite3.close(db)
      await storage.close()
    },
  }
}

addEventListener('message', ({ data }) => {
  within(60_000, data.phase, phases[data.phase](data)).then(
    (result) => postMessage({ result: JSON.parse(JSON.stringify(result)) }),
    (error) => postMessage({ error: String(error?.stack ?? error) }),
  )
})
