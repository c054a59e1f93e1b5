/** Peers of `--all`, which answer another dialect, one statement a call, or from a worker of their own. Opened as their READMEs do. */

/** @typedef {import('./connect.mjs').PlainConnection} PlainConnection */

/** PostgreSQL in memory; after each query its files that changed are written to IndexedDB. @param {string} name @returns {Promise<PlainConnection>} */
export async function openPglite(name) {
  const { PGlite } = await import('/peers/@electric-sql/pglite/dist/index.js')
  const db = await PGlite.create(`idb://${name}`)
  return { exec: (sql) => db.exec(sql), close: () => db.close() }
}

/** Statements reach IndexedDB by `sync()`; a script is one call of it, after its last statement. @param {string} name @returns {Promise<PlainConnection>} */
export async function openAbsurder(name) {
  const { default: initialize, Database } = await import('/peers/@npiesco/absurder-sql/pkg/absurder_sql.js')
  await initialize()
  const db = await Database.newDatabase(`${name}.db`)
  await db.allowNonLeaderWrites(true)
  return {
    async exec(script) {
      for (const sql of statementsOf(script)) await db.execute(sql)
      await db.sync()
    },
    close: () => db.close(),
  }
}

/** SQLocal, in the page; its database is in a worker, and what flushes is a worker of that. @param {string} name @returns {Promise<PlainConnection>} */
export async function openSqlocal(name) {
  const { SQLocal } = await import('/sqlocal.js')
  const worker = new Worker('/sqlocal-worker.js', { type: 'module' })
  const db = new SQLocal({ databasePath: `${name}.db`, processor: worker })
  return { exec: (sql) => db.sql(sql), close: () => db.destroy() }
}

/** The scripts of this benchmark end each statement at the end of a line. @param {string} script */
const statementsOf = (script) => script.split(/;(?:\n|$)/).filter((sql) => sql !== '')
