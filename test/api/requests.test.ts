import { describe, expect, test } from 'vitest'
import { codeOf, errorOf, openMemory } from './harness.ts'

describe('exec and query', () => {
  test('a statement binds parameters by position and by name', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)')
    await db.exec('INSERT INTO t VALUES (?, ?)', [1, 'one'])
    await db.exec('INSERT INTO t VALUES (:id, $name)', { id: 2, $name: 'two' })
    expect(await db.query('SELECT * FROM t ORDER BY id')).toEqual([
      { id: 1, name: 'one' },
      { id: 2, name: 'two' },
    ])
    expect(await db.query('SELECT name FROM t WHERE id = ?', [2], { rowMode: 'array' })).toEqual([['two']])
  })

  test('the sql tag binds its values and never splices them in', async () => {
    const db = await openMemory()
    const name = "'; DROP TABLE t; --"
    expect(await db.sql`SELECT ${name} AS name, ${7} + ${1} AS sum`).toEqual([{ name, sum: 8 }])
  })

  test('a result says how many rows changed, the last rowid, and a receipt that rises', async () => {
    const db = await openMemory()
    const created = await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const inserted = await db.exec('INSERT INTO t VALUES (3), (9)')
    expect(inserted).toMatchObject({ rowsAffected: 2, lastInsertRowid: 9, durability: 'strict' })
    expect(inserted.receipt.txid).toBe(created.receipt.txid + 1)
    expect(inserted.receipt.epoch).toBe(created.receipt.epoch)
  })

  test('several statements are one request, and each commits on its own', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const error = await errorOf(db.exec('INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)'))
    expect(error.code).toBe('SQL_ERROR')
    expect(error.message).toContain('UNIQUE constraint failed: t.id')
    expect(await db.query('SELECT id FROM t')).toEqual([{ id: 1 }])
  })

  test('an SQL error carries the message, the extended code and the offset in the text that was given', async () => {
    const db = await openMemory()
    const error = await errorOf(db.exec('SELECT 1; SELECT x FROM nowhere'))
    expect(error).toMatchObject({ code: 'SQL_ERROR', sqliteCode: 1 })
    expect(error.message).toContain('no such table: nowhere')
    const syntax = await errorOf(db.exec('SELEC 1'))
    expect(syntax.details['offset']).toBe(0)
  })

  test('what SQLite does not store is refused by name', async () => {
    const db = await openMemory()
    for (const value of [new Date(0), undefined, {}, Number.NaN, Symbol('x')] as unknown[]) {
      const error = await errorOf(db.query('SELECT ?', [value as never]))
      expect(error.code).toBe('INVALID_PARAMETER')
    }
    expect(await codeOf(db.query('SELECT :a', { b: 1 }))).toBe('INVALID_PARAMETER')
    expect(await codeOf(db.query('SELECT ?, ?', [1]))).toBe('INVALID_PARAMETER')
  })

  test('bigints and blobs come back as they went in', async () => {
    const db = await openMemory()
    const blob = Uint8Array.from([0, 255, 1])
    const [row] = await db.query('SELECT ? AS big, ? AS small, ? AS blob, ? AS none, ? AS yes', [
      2n ** 60n,
      5,
      blob,
      null,
      true,
    ])
    expect(row).toEqual({ big: 2n ** 60n, small: 5, blob, none: null, yes: 1 })
  })

  test('iterate gives the rows of one moment', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    await db.exec(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i FROM n',
    )
    let sum = 0
    for await (const { id } of db.iterate<{ id: number }>('SELECT id FROM t ORDER BY id')) {
      if (id === 10) await db.exec('DELETE FROM t WHERE id > 100')
      sum += id
    }
    expect(sum).toBe((5000 * 5001) / 2)
    expect(await db.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 100 }])
  })

  test('requests are run in the order they were made', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, at INTEGER)')
    const writes = Array.from({ length: 50 }, (_, at) => db.exec('INSERT INTO t (at) VALUES (?)', [at]))
    const seen = db.query('SELECT at FROM t ORDER BY id', [], { rowMode: 'array' })
    await Promise.all(writes)
    expect((await seen).flat()).toEqual(Array.from({ length: 50 }, (_, at) => at))
  })

  test('a batch is atomic', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const insert = (id: number) => ({ sql: 'INSERT INTO t VALUES (?)', params: [id] })
    expect(await codeOf(db.batch([insert(1), insert(2), insert(1)]))).toBe('SQL_ERROR')
    expect(await db.query('SELECT * FROM t')).toEqual([])
    const results = await db.batch([insert(1), insert(2)])
    expect(results.map(({ lastInsertRowid }) => lastInsertRowid)).toEqual([1, 2])
    expect(new Set(results.map(({ receipt }) => receipt.txid)).size).toBe(1)
  })
})

describe('requests that end early', () => {
  test('a raised signal keeps a waiting request from running', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const controller = new AbortController()
    const error = errorOf(db.exec('INSERT INTO t VALUES (1)', [], { signal: controller.signal }))
    controller.abort()
    expect((await error).code).toBe('ABORTED')
    expect(await codeOf(db.exec('INSERT INTO t VALUES (1)', [], { signal: AbortSignal.abort() }))).toBe('ABORTED')
    expect(await db.query('SELECT * FROM t')).toEqual([])
  })

  test('a statement that runs past its deadline is interrupted', async () => {
    const db = await openMemory()
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'
    expect(await codeOf(db.query(endless, [], { deadlineMs: 20 }))).toBe('DEADLINE_EXCEEDED')
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('after close every call is refused', async () => {
    const db = await openMemory()
    const last = db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    await Promise.all([db.close(), db.drainAndShutdown()])
    await last
    for (const call of [
      db.exec('SELECT 1'),
      db.query('SELECT 1'),
      db.forceSync(),
      db.transaction(async () => 1),
      db.checkpoint(),
    ]) {
      expect(await codeOf(call)).toBe('DATABASE_CLOSED')
    }
    await db.close()
  })

  test('await using closes', async () => {
    const held: { db?: Awaited<ReturnType<typeof openMemory>> } = {}
    {
      await using db = await openMemory()
      held.db = db
      await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    }
    expect(await codeOf(held.db.query('SELECT 1'))).toBe('DATABASE_CLOSED')
  })
})
