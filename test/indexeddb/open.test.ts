/** A whole database over a store that is still being read: requests are run in their order, again where they were stopped, each once. */
import { IDBObjectStore } from 'fake-indexeddb'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { HeldPlace, Place } from '../../src/effects/place.ts'
import type { Database } from '../../src/index.ts'
import { openAt } from '../../src/open-at.ts'
import { destroyDatabase } from '../../src/storage/indexeddb/connection.ts'
import { indexedDbSession } from '../../src/storage/indexeddb/session.ts'
import { epoch } from '../../src/units.ts'
import { codeOf } from '../api/harness.ts'
import { IdbWorld } from './medium.ts'
import { slowSegments } from './slow-segments.ts'

afterEach(() => vi.restoreAllMocks())

function placeIn(world: IdbWorld): Place {
  const acquire = async (): Promise<HeldPlace> => {
    const connection = await world.connect()
    return {
      session: (options) => indexedDbSession(connection, options),
      notedEpoch: epoch(0),
      note: () => undefined,
      lockHome: () => undefined,
      release: () => undefined,
    }
  }
  const destroy = () => destroyDatabase(world.name, { factory: world.factory })
  return { medium: 'indexeddb', location: world.name, acquire, destroy }
}

async function openIn(world: IdbWorld): Promise<Database> {
  const db = await openAt(placeIn(world), 'test', { recovery: { verify: 'none' } })
  onTestFinished(() => db.close().catch(() => undefined))
  return db
}

const rows = 4000

/** About 4 MiB in sixteen segments. */
async function filled(): Promise<IdbWorld> {
  const world = new IdbWorld()
  const db = await openIn(world)
  await db.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, n INT, v BLOB)')
  await db.exec(
    `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${rows})
     INSERT INTO t(n, v) SELECT i, zeroblob(1000) FROM c`,
  )
  await db.close()
  return world
}

const sum = (rows * (rows + 1)) / 2

test('a row is answered when its segments are there, and only those are', async () => {
  const world = await filled()
  const segments = slowSegments({ most: 1 })
  const db = await openIn(world)
  expect(await db.query('SELECT n FROM t WHERE id = ?', [rows - 10])).toEqual([{ n: rows - 10 }])
  expect(new Set(segments.read).size).toBeLessThan(5)
  expect(await codeOf(db.exec('UPDATE t SET n = 0 WHERE id = 1'))).toBe('STORAGE_FAILED')
  expect(await codeOf(db.query('SELECT sum(n) AS sum FROM t'))).toBe('STORAGE_FAILED')
  expect(segments.refused).toBeGreaterThan(0)
  segments.heal()
  expect(await db.query('SELECT sum(n) AS sum FROM t')).toEqual([{ sum }])
})

test('requests of every kind wait for what they need, and happen once and in order', async () => {
  const world = await filled()
  const db = await openIn(world)
  const answers = await Promise.all([
    db.query('SELECT sum(n) AS sum FROM t'),
    db.exec('UPDATE t SET n = n + 1 WHERE id = 3999'),
    db.query('SELECT n FROM t WHERE id = 3999'),
    db.exec('INSERT INTO t(id, n) VALUES (5000, 1); UPDATE t SET n = n + 1 WHERE id = 5000'),
    db.exec('UPDATE t SET n = n + 1 WHERE id = 5000', [], { requestId: 'c:1' }),
    db.batch([
      { sql: 'UPDATE t SET n = n + 10 WHERE id = 5000' },
      { sql: 'UPDATE t SET n = n - (SELECT count(*) FROM t WHERE n = 1) * 10 WHERE id = 5000' },
    ]),
    db.transaction(async (tx) => {
      await tx.exec('UPDATE t SET n = n + 1 WHERE id = 5000')
      return tx.query('SELECT n FROM t WHERE id = 5000')
    }),
    db.query('SELECT sum(n) AS sum FROM t'),
  ])
  expect(answers[0]).toEqual([{ sum }])
  expect(answers[2]).toEqual([{ n: 4000 }])
  expect(answers[6]).toEqual([{ n: 4 }])
  expect(answers[7]).toEqual([{ sum: sum + 5 }])
  await db.close()
  const again = await openIn(world)
  expect(await again.query('SELECT sum(n) AS sum FROM t')).toEqual([{ sum: sum + 5 }])
  expect(await again.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
})

test('a batch that was stopped is run again as a whole', async () => {
  const db = await openIn(await filled())
  await db.batch([
    { sql: 'UPDATE t SET n = n + 1 WHERE id = 3999' },
    { sql: 'UPDATE t SET n = n + 1 WHERE id = 1' },
    { sql: 'UPDATE t SET n = n + (SELECT count(*) FROM t) WHERE id = 1' },
  ])
  await db.batch([{ sql: 'UPDATE t SET n = n + 1 WHERE id = 1' }])
  expect(await db.query('SELECT sum(n) AS sum FROM t')).toEqual([{ sum: sum + 3 + rows }])
})

test('an export is of the whole database', async () => {
  const db = await openIn(await filled())
  const file = new Uint8Array(await new Response(db.export()).arrayBuffer())
  expect(file.length).toBeGreaterThan(rows * 1000)
  expect(await db.verify()).toMatchObject({ damaged: [] })
  await db.import(file)
  expect(await db.query('SELECT sum(n) AS sum FROM t')).toEqual([{ sum }])
})

test('a request that waits for a block leaves by its signal, and the next one is run', async () => {
  const world = await filled()
  const db = await openIn(world)
  const withdrawn = new AbortController()
  const getAll: typeof IDBObjectStore.prototype.getAll = Reflect.get(IDBObjectStore.prototype, 'getAll')
  let stopped = 0
  vi.spyOn(IDBObjectStore.prototype, 'getAll').mockImplementation(function (this: unknown, ...args) {
    if (stopped++ === 0) withdrawn.abort()
    return Reflect.apply(getAll, this, args)
  })
  const scan = codeOf(db.query('SELECT sum(n) AS sum FROM t', [], { signal: withdrawn.signal }))
  const next = db.query('SELECT n FROM t WHERE id = 7')
  expect(await scan).toBe('ABORTED')
  expect(stopped).toBeGreaterThan(0)
  expect(await next).toEqual([{ n: 7 }])
})

test('closed while it is still being read, it is whole when it is opened again', async () => {
  const world = await filled()
  const first = await openIn(world)
  await first.close()
  const db = await openIn(world)
  expect(db.recoveryReport.cleanShutdown).toBe(true)
  expect(await db.query('SELECT sum(n) AS sum FROM t')).toEqual([{ sum }])
})

test('a later reign is told by what is still to be read, and ends the database', async () => {
  const world = await filled()
  const segments = slowSegments({ most: 1 })
  const db = await openIn(world)
  expect(await codeOf(db.query('SELECT sum(n) AS sum FROM t'))).toBe('STORAGE_FAILED')
  segments.heal()
  const rival = await openIn(world)
  await rival.exec('UPDATE t SET n = n + 1')
  expect(await codeOf(db.query('SELECT sum(n) AS sum FROM t'))).toBe('LEASE_LOST')
  expect(await codeOf(db.query('SELECT 1'))).toBe('LEASE_LOST')
})
