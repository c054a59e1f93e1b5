import { describe, expect, test } from 'vitest'
import type { Transaction } from '../../src/index.ts'
import { codeOf, errorOf, openMemory } from './harness.ts'

async function openTable() {
  const db = await openMemory()
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
  const ids = async () =>
    (await db.query<readonly number[]>('SELECT id FROM t ORDER BY id', [], { rowMode: 'array' })).flat()
  return { db, ids }
}

describe('transaction', () => {
  test('commits what its function did and returns its value', async () => {
    const { db, ids } = await openTable()
    const value = await db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (1)')
      await tx.batch([{ sql: 'INSERT INTO t VALUES (2)' }])
      expect(await tx.sql`SELECT count(*) AS n FROM t`).toEqual([{ n: 2 }])
      return 'done'
    })
    expect(value).toBe('done')
    expect(await ids()).toEqual([1, 2])
  })

  test('rolls back when its function throws, and the error goes through', async () => {
    const { db, ids } = await openTable()
    const thrown = new Error('mine')
    await expect(
      db.transaction(async (tx) => {
        await tx.exec('INSERT INTO t VALUES (1)')
        throw thrown
      }),
    ).rejects.toBe(thrown)
    expect(await ids()).toEqual([])
  })

  test("nobody else's statement runs between", async () => {
    const { db } = await openTable()
    let seen: unknown
    const transaction = db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (1)')
      await new Promise((resolve) => setImmediate(resolve))
      seen = await tx.query('SELECT id FROM t')
    })
    const other = db.exec('INSERT INTO t VALUES (2)')
    await Promise.all([transaction, other])
    expect(seen).toEqual([{ id: 1 }])
  })

  test('a nested transaction is a savepoint', async () => {
    const { db, ids } = await openTable()
    await db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (1)')
      const inner = tx.transaction(async (nested) => {
        await nested.exec('INSERT INTO t VALUES (2)')
        await nested.transaction((deepest) => deepest.exec('INSERT INTO t VALUES (3)'))
        throw new Error('inner only')
      })
      await expect(inner).rejects.toThrow('inner only')
      await tx.transaction((nested) => nested.exec('INSERT INTO t VALUES (4)'))
    })
    expect(await ids()).toEqual([1, 4])
  })

  test('the outer handle is refused while a nested transaction is open', async () => {
    const { db } = await openTable()
    const code = await db.transaction((tx) => tx.transaction(() => codeOf(tx.exec('INSERT INTO t VALUES (1)'))))
    expect(code).toBe('MISUSE')
  })

  test('a handle that outlives its transaction is refused', async () => {
    const { db } = await openTable()
    const kept: Transaction[] = []
    await db.transaction(async (tx) => {
      kept.push(tx)
      await tx.transaction((nested) => void kept.push(nested))
    })
    for (const tx of kept) expect(await codeOf(tx.exec('INSERT INTO t VALUES (1)'))).toBe('TRANSACTION_CLOSED')
  })

  test('past its deadline it is rolled back, its handle is refused and the queue goes on', async () => {
    const { db, ids } = await openTable()
    let late: Promise<string> | undefined
    let hang: () => void = () => undefined
    const error = await errorOf(
      db.transaction(
        async (tx) => {
          await tx.exec('INSERT INTO t VALUES (1)')
          await new Promise<void>((resolve) => (hang = resolve))
          late = codeOf(tx.exec('INSERT INTO t VALUES (2)'))
        },
        { deadlineMs: 20 },
      ),
    )
    expect(error.code).toBe('TRANSACTION_TIMEOUT')
    expect(await ids()).toEqual([])
    hang()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await late).toBe('TRANSACTION_TIMEOUT')
    expect(await ids()).toEqual([])
  })

  test('a raised signal rolls it back', async () => {
    const { db, ids } = await openTable()
    const controller = new AbortController()
    const code = codeOf(
      db.transaction(
        async (tx) => {
          await tx.exec('INSERT INTO t VALUES (1)')
          controller.abort()
          await new Promise(() => undefined)
        },
        { signal: controller.signal },
      ),
    )
    expect(await code).toBe('ABORTED')
    expect(await ids()).toEqual([])
  })

  test('BEGIN, COMMIT and ROLLBACK are refused inside', async () => {
    const { db, ids } = await openTable()
    await db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (1)')
      for (const sql of ['BEGIN', 'COMMIT', 'END', 'ROLLBACK']) expect(await codeOf(tx.exec(sql))).not.toBe('')
    })
    expect(await ids()).toEqual([1])
  })

  test('db used inside its own transaction is refused instead of waiting for itself', async () => {
    const { db } = await openTable()
    const other = await openMemory()
    const codes = await db.transaction(async () => {
      expect(await other.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
      return Promise.all([
        codeOf(db.query('SELECT 1')),
        codeOf(db.exec('SELECT 1')),
        codeOf(db.transaction(async () => 1)),
      ])
    })
    expect(codes).toEqual(['USE_TX', 'USE_TX', 'USE_TX'])
  })
})

test('a transaction or batch that SQLite has rolled back itself leaves nothing open: the next one begins', async () => {
  const db = await openMemory()
  await db.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, v)')
  await db.exec('INSERT INTO t VALUES (1, 0)')
  const twice = 'INSERT OR ROLLBACK INTO t VALUES (1, 1)'
  expect(await codeOf(db.batch([{ sql: 'UPDATE t SET v = 5' }, { sql: twice }]))).toBe('SQL_ERROR')
  await db.batch([{ sql: 'UPDATE t SET v = v + 1' }])
  const stopped = db.transaction(async (tx) => {
    await tx.exec('UPDATE t SET v = 5')
    await tx.exec(twice)
  })
  expect(await codeOf(stopped)).toBe('TRANSACTION_ABORTED')
  await db.transaction((tx) => tx.exec('UPDATE t SET v = v + 1'))
  expect(await db.query('SELECT id, v FROM t')).toEqual([{ id: 1, v: 2 }])
})
