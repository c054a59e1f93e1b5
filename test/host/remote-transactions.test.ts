/** Transactions whose function runs on one side of a channel and whose statements run on the other. */
import { describe, expect, test } from 'vitest'
import { codeOf } from '../api/harness.ts'
import { deferred } from './deferred.ts'
import { openBehindChannel } from './fixture.ts'

const create = 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)'

describe('transactions', () => {
  test('commit what the function did, and are alone meanwhile', async () => {
    const { db } = await openBehindChannel()
    await db.exec(create)
    const count = db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t(v) VALUES (1)')
      await tx.batch([{ sql: 'INSERT INTO t(v) VALUES (2)' }])
      await tx.transaction(async (inner) => {
        await inner.sql`INSERT INTO t(v) VALUES (${3})`
      })
      const nested = tx.transaction(async (inner) => {
        await inner.exec('INSERT INTO t(v) VALUES (4)')
        throw new RangeError('mine')
      })
      await expect(nested).rejects.toThrow(RangeError)
      return (await tx.query<{ n: number }>('SELECT count(*) AS n FROM t'))[0]?.n
    })
    const outside = db.exec('INSERT INTO t(v) VALUES (5)')
    expect(await count).toBe(3)
    await outside
    expect(await db.query('SELECT v FROM t ORDER BY id')).toEqual([{ v: 1 }, { v: 2 }, { v: 3 }, { v: 5 }])
  })

  test('roll back when the function throws, with its own error', async () => {
    const { db } = await openBehindChannel()
    await db.exec(create)
    const mine = new Error('mine')
    const failing = db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t(v) VALUES (1)')
      throw mine
    })
    await expect(failing).rejects.toBe(mine)
    expect(await db.query('SELECT * FROM t')).toEqual([])
  })

  test('end at their deadline though the function hangs, and their handle is closed', async () => {
    const { db } = await openBehindChannel()
    await db.exec(create)
    const handles: { exec(sql: string): Promise<unknown> }[] = []
    const hanging = db.transaction(
      async (tx) => {
        handles.push(tx)
        await tx.exec('INSERT INTO t(v) VALUES (1)')
        await new Promise(() => undefined)
      },
      { deadlineMs: 50 },
    )
    expect(await codeOf(hanging)).toBe('TRANSACTION_TIMEOUT')
    expect(await codeOf(handles[0]?.exec('SELECT 1') ?? Promise.resolve())).toBe('TRANSACTION_CLOSED')
    expect(await db.query('SELECT * FROM t')).toEqual([])
  })

  test('of a client that has gone are rolled back, and others go on', async () => {
    const { db, server } = await openBehindChannel()
    await db.exec(create)
    const open = deferred()
    const hanging = db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t(v) VALUES (1)')
      open.resolve()
      await new Promise(() => undefined)
    })
    hanging.catch(() => undefined)
    await open.promise
    server.release()
    expect(await db.query('SELECT * FROM t')).toEqual([])
  })
})
