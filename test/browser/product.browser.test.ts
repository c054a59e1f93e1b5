/** The whole product in a real browser: the page's entry, the built worker, both media. */
import { firstValueFrom } from 'rxjs'
import { afterEach, describe, expect, test } from 'vitest'
import { type Database, destroy, isDatabaseError, open, type OpenOptions } from '../../src/browser.ts'

const worker = () => new Worker(new URL('../../dist/worker.js', import.meta.url), { type: 'module' })
let made = 0
const opened: Database[] = []
const nextName = () => `product-${Date.now()}-${++made}`

async function openHere(name: string, options: OpenOptions): Promise<Database> {
  const db = await open(name, { worker, ...options })
  opened.push(db)
  return db
}

afterEach(async () => {
  for (const db of opened.splice(0)) await db.close()
})

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return isDatabaseError(error) ? error.code : String(error)
}

describe.each(['opfs', 'indexeddb'] as const)('%s', (storage) => {
  test('what was acknowledged is there when the database is opened again', async () => {
    const name = nextName()
    const first = await openHere(name, { storage })
    await first.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, v)')
    await Promise.all(Array.from({ length: 100 }, (_, n) => first.exec('INSERT INTO t(v) VALUES (?)', [n])))
    await first.transaction(async (tx) => {
      await tx.exec('UPDATE t SET v = v + 1')
    })
    await first.close()
    expect(await codeOf(first.exec('SELECT 1'))).toBe('DATABASE_CLOSED')
    const second = await openHere(name, { storage })
    expect(second.recoveryReport.found).toBe('existing')
    expect(await second.query('SELECT count(*) AS n, sum(v) AS sum FROM t')).toEqual([{ n: 100, sum: 5050 }])
    expect(await second.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  })

  test('it is led once: a second opener follows the first, and leads when that one has closed', async () => {
    const name = nextName()
    const first = await openHere(name, { storage })
    const second = await openHere(name, { storage })
    expect(await firstValueFrom(second.status$)).toMatchObject({
      state: 'following',
      role: 'follower',
      medium: storage,
    })
    await second.exec('CREATE TABLE t(v)')
    await Promise.all([first, second].map((db, n) => db.exec('INSERT INTO t VALUES (?)', [n])))
    expect(await second.query('SELECT v FROM t ORDER BY v')).toEqual([{ v: 0 }, { v: 1 }])
    await first.close()
    await second.exec('INSERT INTO t VALUES (2)')
    expect(await firstValueFrom(second.status$)).toMatchObject({ state: 'leading', role: 'leader', medium: storage })
    expect(await second.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 3 }])
  })

  test('export is a plain SQLite file, import takes it', async () => {
    const db = await openHere(nextName(), { storage })
    await db.exec('CREATE TABLE t(v)')
    await db.exec("INSERT INTO t VALUES ('kept')")
    const file = new Uint8Array(await new Response(db.export()).arrayBuffer())
    expect(new TextDecoder().decode(file.subarray(0, 15))).toBe('SQLite format 3')
    await db.exec('DROP TABLE t')
    await db.import(file)
    expect(await db.query('SELECT v FROM t')).toEqual([{ v: 'kept' }])
  })

  test('destroy leaves nothing behind', async () => {
    const name = nextName()
    const db = await openHere(name, { storage })
    await db.exec('CREATE TABLE t(v)')
    await db.close()
    await destroy(name, { storage, worker })
    const databases = await indexedDB.databases()
    expect(databases.map((one) => one.name)).not.toContain(`datasync:${name}`)
    const root = await navigator.storage.getDirectory()
    const all = await root.getDirectoryHandle('datasync', { create: true })
    await expect(all.getDirectoryHandle(name)).rejects.toThrow('could not be found')
    const again = await openHere(name, { storage })
    expect(again.recoveryReport.found).toBe('created')
  })

  test('status says medium and role', async () => {
    const db = await openHere(nextName(), { storage })
    const states: unknown[] = []
    db.status$.subscribe((status) => states.push(status))
    expect(states).toMatchObject([{ state: 'leading', role: 'leader', medium: storage, epoch: 1 }])
  })
})

test('on OPFS a database ten times its cache is written and read, the cache within its bound', async () => {
  const db = await openHere(nextName(), { storage: 'opfs', cacheBytes: 1024 * 1024 })
  await db.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB)')
  for (let n = 0; n < 10; n++) {
    await db.exec(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) INSERT INTO t(v) SELECT randomblob(1000) FROM n',
    )
  }
  await db.checkpoint()
  expect(await db.query('SELECT count(*) AS n, sum(length(v)) AS bytes FROM t')).toEqual([
    { n: 12_000, bytes: 12_000_000 },
  ])
  expect(await db.verify()).toMatchObject({ damaged: [] })
  const { cacheBytes, homeBytes } = await firstValueFrom(db.metrics$)
  expect(homeBytes).toBeGreaterThan(10 * 1024 * 1024)
  expect(cacheBytes).toBeGreaterThan(0)
  expect(cacheBytes).toBeLessThanOrEqual(1024 * 1024)
})

describe('auto', () => {
  test('a new database lies in OPFS, and says why', async () => {
    const name = nextName()
    const db = await openHere(name, {})
    const states: unknown[] = []
    db.status$.subscribe((status) => states.push(status))
    expect(states).toMatchObject([{ medium: 'opfs', mediumReason: 'OPFS works here' }])
  })

  test('a store that exists in IndexedDB is opened there', async () => {
    const name = nextName()
    const first = await openHere(name, { storage: 'indexeddb' })
    await first.exec('CREATE TABLE t(v)')
    await first.close()
    const second = await openHere(name, {})
    expect(second.recoveryReport.found).toBe('existing')
    expect(await second.query('SELECT name FROM sqlite_schema')).toEqual([{ name: 't' }])
  })

  test('attack-20: a whole IndexedDB that is gone is a loss, told by its witness in OPFS', async () => {
    const name = nextName()
    const first = await openHere(name, { storage: 'indexeddb' })
    await first.exec('CREATE TABLE t(v)')
    await first.close()
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(`datasync:${name}`)
      request.onsuccess = resolve
      request.onerror = reject
    })
    expect(await codeOf(open(name, { worker }))).toBe('STORE_LOST')
    expect(await codeOf(open(name, { worker, storage: 'indexeddb' }))).toBe('STORE_LOST')
    const anew = await openHere(name, { storage: 'indexeddb', recovery: { onLost: 'open' } })
    expect(anew.recoveryReport.found).toBe('created')
  })

  test('attack-20: an OPFS that was cleared is a loss, told by its witness in IndexedDB', async () => {
    const name = nextName()
    const first = await openHere(name, {})
    await first.exec('CREATE TABLE t(v)')
    await first.close()
    const root = await navigator.storage.getDirectory()
    await (await root.getDirectoryHandle('datasync')).removeEntry(name, { recursive: true })
    expect(await codeOf(open(name, { worker }))).toBe('STORE_LOST')
    await destroy(name, { worker })
    const anew = await openHere(name, {})
    expect(anew.recoveryReport.found).toBe('created')
  })

  test('attack-21: two stores of one name are ambiguous until one is named', async () => {
    const name = nextName()
    for (const storage of ['indexeddb', 'opfs'] as const) {
      const db = await openHere(name, { storage })
      await db.exec('CREATE TABLE t(v)')
      await db.close()
    }
    expect(await codeOf(open(name, { worker }))).toBe('STORE_AMBIGUOUS')
    await openHere(name, { storage: 'opfs' })
  })
})

test('with worker: false a database on IndexedDB lives in the page', async () => {
  const name = nextName()
  const db = await openHere(name, { worker: false, storage: 'indexeddb', wasmUrl: '/dist/wa-sqlite.wasm' })
  await db.exec('CREATE TABLE t(v)')
  expect(await db.query('SELECT name FROM sqlite_schema')).toEqual([{ name: 't' }])
})

test('a worker whose script cannot be loaded fails the opening', async () => {
  const missing = () => new Worker(new URL('./no-such-worker.js', import.meta.url), { type: 'module' })
  expect(await codeOf(open(nextName(), { worker: missing }))).toBe('DATABASE_FAILED')
})
