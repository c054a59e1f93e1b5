/** Transactions that end otherwise than by their commit: too large, rolled back, ended by SQLite or left open. */
import { describe, expect, test } from 'vitest'
import { codeOf, openMemory } from '../api/harness.ts'
import { openOn } from '../api/sim-place.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { flush, reopen } from '../unit/vfs/fixture.ts'
import { ids, openTouchy, rows } from './touchy-view.ts'
import { afterKill, column, gate, isSound } from './world.ts'

describe('attack-04', () => {
  test('attack-04 a transaction fits before it commits or is rolled back: whatever the limit, what follows is sound', async () => {
    const outcomes = new Set<string>()
    for (let blocks = 4; blocks < 40; blocks += 7) {
      const { store, view, db } = await openTouchy({ cacheSize: 10, transactionBytesMax: blocks * 4096 })
      const isDone = runs(() => db.run(rows(100)))
      outcomes.add(isDone ? 'committed' : 'rolled back')
      expect(ids(db)).toHaveLength(isDone ? 100 : 0)
      expect(db.engine.isAutocommit).toBe(true)
      // Refused at the write: at the seal there was nothing left to refuse, because SQLite could not take it back there.
      expect(view.overlayBytesSeen).toBeLessThanOrEqual(blocks * 4096)
      db.run("INSERT INTO t VALUES (1000, 'next')")
      flush(view, store)
      const again = await reopen(store)
      expect(ids(again)).toHaveLength(isDone ? 101 : 1)
      expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
    }
    expect([...outcomes].sort()).toEqual(['committed', 'rolled back'])
  })
})

describe('attack-05', () => {
  test('attack-05 what was spilled and rolled back is never part of a later commit, at any level', async () => {
    for (const durability of ['strict', 'relaxed', 'deferred'] as const) {
      const disk = new SimDisk()
      const db = await openOn(disk, { durability, pragmas: { cacheSize: 10 } })
      await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
      await db.exec(rows(5))
      // Fails on its last row, after its first pages have left SQLite's cache.
      const failing = rows(300, 1000).replace('SELECT i,', 'SELECT CASE i WHEN 1299 THEN 1 ELSE i END,')
      expect(await codeOf(db.exec(failing))).toBe('SQL_ERROR')
      await expect(
        db.transaction(async (tx) => {
          await tx.exec(rows(300, 2000))
          throw new Error('changed my mind')
        }),
      ).rejects.toThrow('changed my mind')
      const rolledBack = await db.exec(`BEGIN; ${rows(300, 3000)}; ROLLBACK`)
      // A commit of nothing seals what the rollback has left behind, if it has.
      expect((await db.exec('UPDATE t SET b = 0 WHERE 0')).receipt).toEqual(rolledBack.receipt)
      await db.exec('INSERT INTO t VALUES (6, 6)', [], { durability: 'strict' })
      const after = await openOn(afterKill(disk))
      expect(await column(after, 'SELECT a FROM t ORDER BY a')).toEqual([1, 2, 3, 4, 5, 6])
      expect(await isSound(after)).toBe(true)
    }
  })

  test('attack-05 a rollback that could not be played back leaves nothing either', async () => {
    const outcomes = []
    for (let nth = 1; nth < 40; nth += 6) {
      const { store, view, db } = await openTouchy({ cacheSize: 10 })
      db.run(rows(20))
      view.failAt = view.writeCount + nth
      view.failsOn = true
      try {
        db.run("UPDATE t SET b = b || 'x'")
      } catch {
        outcomes.push(nth)
      }
      expect(view.hasOverlay).toBe(false)
      view.failAt = Infinity
      const isDone = outcomes.at(-1) !== nth
      db.run("INSERT INTO t VALUES (1000, 'next')")
      flush(view, store)
      const again = await reopen(store)
      expect(again.all("SELECT count(*), sum(b LIKE '%x') FROM t")).toEqual([[21, isDone ? 20 : 0]])
      expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
    }
    expect(outcomes.length).toBeGreaterThan(0)
  })
})

describe('attack-06', () => {
  test('attack-06 once SQLite has rolled a transaction back, nothing more of it runs, whatever its function swallows', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 1)')
    const codes: string[] = []
    const transaction = db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (2, 2)')
      codes.push(await codeOf(tx.exec('INSERT OR ROLLBACK INTO t VALUES (1, 2)')))
      for (const sql of ['INSERT INTO t VALUES (3, 3)', 'SELECT 1']) codes.push(await codeOf(tx.query(sql)))
      codes.push(await codeOf(tx.batch([{ sql: 'INSERT INTO t VALUES (4, 4)' }])))
      codes.push(await codeOf(tx.transaction((inner) => inner.exec('INSERT INTO t VALUES (5, 5)'))))
    })
    expect(await codeOf(transaction)).toBe('TRANSACTION_ABORTED')
    expect(codes).toEqual(['SQL_ERROR', ...Array<string>(4).fill('TRANSACTION_ABORTED')])
    expect(await column(await openOn(afterKill(disk)), 'SELECT a FROM t')).toEqual([1])
  })

  test('attack-06 nobody joins a transaction that a request left open, and it is rolled back', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    const [left, joining, ending] = await Promise.allSettled([
      db.exec('BEGIN; INSERT INTO t VALUES (1, 1)'),
      db.exec('INSERT INTO t VALUES (2, 2)'),
      db.exec('ROLLBACK'),
    ])
    expect(left).toMatchObject({ reason: { code: 'TRANSACTION_LEFT_OPEN' } })
    expect(joining.status).toBe('fulfilled')
    expect(ending).toMatchObject({ reason: { code: 'SQL_ERROR' } })
    expect(await codeOf(db.exec('SAVEPOINT s; INSERT INTO t VALUES (3, 3)'))).toBe('TRANSACTION_LEFT_OPEN')
    expect(await column(await openOn(afterKill(disk)), 'SELECT a FROM t')).toEqual([2])
  })

  test('attack-06 inside a transaction no statement ends it and nobody else runs', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    const order: string[] = []
    const isOpen = gate()
    const mayEnd = gate()
    const transaction = db
      .transaction(async (tx) => {
        await tx.exec('INSERT INTO t VALUES (1, 1)')
        isOpen.open()
        await mayEnd.opened
        for (const sql of ['BEGIN', 'COMMIT', 'END', 'ROLLBACK', 'COMMIT; BEGIN'])
          expect(await codeOf(tx.exec(sql))).toBe('MISUSE')
        expect(await tx.query('SELECT a FROM t')).toEqual([{ a: 1 }])
      })
      .then(() => order.push('transaction'))
    await isOpen.opened
    const other = db.exec('DELETE FROM t').then(() => order.push('other'))
    mayEnd.open()
    await Promise.all([transaction, other])
    expect(order).toEqual(['transaction', 'other'])
  })
})

function runs(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'TRANSACTION_TOO_LARGE' })
    return false
  }
}
