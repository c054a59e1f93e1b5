/** What a call is told and cannot mean is refused before anything waits or runs. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { codeOf, errorOf, openMemory } from './harness.ts'

const badRequests = [
  { durability: 'bogus' },
  { durability: 'Strict' },
  { deadlineMs: Number.NaN },
  { deadlineMs: -1 },
  { deadlineMs: Infinity },
  { deadlineMs: 2 ** 31 },
  { deadlineMs: '5' },
  { signal: 5 },
] as readonly object[]

test('a request whose level, deadline or signal is none is refused and not run', async () => {
  const db = await openMemory()
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
  for (const options of badRequests) {
    const [name = ''] = Object.keys(options)
    const insert = 'INSERT INTO t DEFAULT VALUES'
    for (const refused of [
      db.exec(insert, [], options),
      db.query(`${insert} RETURNING id`, [], options),
      db.batch([{ sql: insert }], options),
      db.transaction((tx) => tx.exec(insert), options),
    ]) {
      const error = await errorOf(refused)
      expect([error.code, error.details['name']], JSON.stringify(options)).toEqual(['INVALID_OPTIONS', name])
    }
  }
  expect(await codeOf(db.query('SELECT 1', [], { rowMode: 'Array' as 'array' }))).toBe('INVALID_OPTIONS')
  expect(await db.query('SELECT count(*) AS count FROM t')).toEqual([{ count: 0 }])
})

test('the longest deadline is one that a timer keeps', async () => {
  const db = await openMemory()
  const slow = db.transaction(
    async (tx) => {
      await new Promise((resolve) => setImmediate(resolve))
      return tx.query('SELECT 1 AS one')
    },
    { deadlineMs: 2 ** 31 - 1 },
  )
  expect(await slow).toEqual([{ one: 1 }])
})

test('options of open that are of another type are refused, and leave no promise unheard', async () => {
  const unheard: unknown[] = []
  const note = (reason: unknown) => void unheard.push(reason)
  process.on('unhandledRejection', note)
  for (const options of [
    { wasmBinary: 5 },
    { wasmBinary: 'wasm' },
    { logger: 5 },
    { logger: { info: () => undefined } },
    { on: 5 },
    { signal: 5 },
    { recovery: null },
    { syncPolicy: { verifyAfterWrite: 'no' } },
  ] as readonly object[]) {
    expect(await codeOf(open('options', { storage: 'memory', ...options })), JSON.stringify(options)).toBe(
      'INVALID_OPTIONS',
    )
  }
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unheard).toEqual([])
})

test('a receipt that is none is refused', async () => {
  const db = await openMemory()
  for (const receipt of [undefined, null, {}, { epoch: 'x', txid: 1 }, { epoch: 1, txid: 0.5 }, { epoch: 1, txid: -1 }])
    expect(await codeOf(db.durable(receipt as never)), JSON.stringify(receipt)).toBe('INVALID_OPTIONS')
})

test('an import from what gives no bytes is refused, and one into a closed database is not read', async () => {
  const db = await openMemory()
  for (const source of [undefined, 5, {}, new DataView(new ArrayBuffer(8))])
    expect(await codeOf(db.import(source as never)), String(source)).toBe('IMPORT_INVALID')
  await db.close()
  let isRead = false
  const source = {
    async *[Symbol.asyncIterator]() {
      isRead = true
      yield new Uint8Array(4096)
    },
  }
  expect(await codeOf(db.import(source))).toBe('DATABASE_CLOSED')
  expect(isRead).toBe(false)
})

test('the error of a batch says which statement it was', async () => {
  const db = await openMemory()
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
  const bad = [{ sql: 'INSERT INTO t VALUES (1)' }, { sql: 'INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)' }]
  const error = await errorOf(db.batch(bad))
  expect(error).toMatchObject({ code: 'SQL_ERROR', sqliteCode: 1555, details: { index: 1, statement: 1 } })
  expect(await db.query('SELECT * FROM t')).toEqual([])
})
