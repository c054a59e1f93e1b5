/** Requests to a database behind a channel behave like those to one in the same thread. */
import { describe, expect, test } from 'vitest'
import { DatabaseError, type SqlValue } from '../../src/index.ts'
import { limits } from '../../src/limits.ts'
import { codeOf, errorOf } from '../api/harness.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { deferred } from './deferred.ts'
import { openBehindChannel } from './fixture.ts'

const create = 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)'

describe('requests', () => {
  test('values arrive as they were sent', async () => {
    const { db } = await openBehindChannel()
    await db.exec(create)
    const blob = new Uint8Array(100_000).fill(7)
    const { receipt, lastInsertRowid } = await db.exec('INSERT INTO t(v) VALUES (?), (?), (:c)', [
      2n ** 60n,
      blob,
      null,
    ])
    expect(lastInsertRowid).toBe(3)
    expect(receipt.txid).toBe(2)
    expect(blob.length).toBe(100_000)
    const rows = await db.query<{ v: SqlValue }>('SELECT v FROM t ORDER BY id')
    expect(rows.map(({ v }) => v)).toEqual([2n ** 60n, blob, null])
    expect(await db.query('SELECT 1 AS one', [], { rowMode: 'array' })).toEqual([[1]])
    expect(await db.sql`SELECT ${'a'} AS a`).toEqual([{ a: 'a' }])
  })

  test('a page may ask for more at once than a member that follows', async () => {
    const { db } = await openBehindChannel()
    await db.exec(create)
    const count = limits.clientQueueMax + 500
    await Promise.all(Array.from({ length: count }, (_, n) => db.exec('INSERT INTO t(v) VALUES (?)', [n])))
    expect(await db.query('SELECT count(*) AS n FROM t')).toEqual([{ n: count }])
  })

  test('calls made together are run in their order and flushed together', async () => {
    const { db } = await openBehindChannel()
    await db.exec(create)
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => db.exec('INSERT INTO t(v) VALUES (?)', [n])),
    )
    expect(results.map(({ lastInsertRowid }) => lastInsertRowid)).toEqual(results.map((_, n) => n + 1))
    const metrics = await new Promise<{ groupSize: { count: number } }>((resolve) => {
      const subscription = db.metrics$.subscribe((value) => {
        resolve(value)
        queueMicrotask(() => subscription.unsubscribe())
      })
    })
    expect(metrics.groupSize.count).toBeLessThan(10)
  })

  test('an error keeps its code, details, SQLite code and cause', async () => {
    const { db } = await openBehindChannel()
    const error = await errorOf(db.exec('SELEKT 1'))
    expect(error).toBeInstanceOf(DatabaseError)
    expect(error).toMatchObject({ code: 'SQL_ERROR', details: { offset: 0 }, sqliteCode: 1 })
    await db.exec(create)
    const failing = db.transaction(async (tx) => {
      await tx.exec('INSERT OR ROLLBACK INTO t(id) VALUES (1), (1)')
    })
    const aborted = await errorOf(failing)
    expect(aborted.code).toBe('TRANSACTION_ABORTED')
    expect(aborted.cause).toMatchObject({ code: 'SQL_ERROR' })
  })

  test('an argument that cannot be cloned fails its own call and no other', async () => {
    const { db } = await openBehindChannel()
    const bad = codeOf(db.exec('SELECT ?', [(() => 1) as never]))
    const good = db.query('SELECT 1 AS one')
    expect(await bad).toBe('INVALID_PARAMETER')
    expect(await good).toEqual([{ one: 1 }])
  })

  test('a signal stops a request that waits', async () => {
    const { db } = await openBehindChannel()
    const controller = new AbortController()
    const inside = deferred()
    const first = db.transaction(() => inside.promise)
    const second = db.exec('SELECT 1', [], { signal: controller.signal })
    controller.abort()
    expect(await codeOf(second)).toBe('ABORTED')
    inside.resolve()
    await first
  })

  test('after the close every call is refused', async () => {
    const { db } = await openBehindChannel()
    await Promise.all([db.close(), db.drainAndShutdown()])
    expect(await codeOf(db.exec('SELECT 1'))).toBe('DATABASE_CLOSED')
  })
})

describe('bad days', () => {
  test('a thread that does not answer the close is ended within a bound, and who else waits is told that nothing is known', async () => {
    const clock = new ManualClock()
    const { db, otherEnd, isEnded } = await openBehindChannel({}, clock)
    otherEnd.removeAllListeners('message')
    // Its deadline lies behind the bound.
    const waiting = errorOf(db.exec('SELECT 1', [], { deadlineMs: 2 * limits.closeMs }))
    const closing = errorOf(db.close())
    clock.advance(limits.closeMs - 1)
    expect(isEnded()).toBe(false)
    clock.advance(1)
    expect(await closing).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' })
    expect(await waiting).toMatchObject({ code: 'DATABASE_CLOSED', outcome: 'unknown' })
    expect(isEnded()).toBe(true)
    const later = await errorOf(db.exec('SELECT 1'))
    expect(later.code).toBe('DATABASE_CLOSED')
    expect(later.outcome).toBeUndefined()
  })

  test('a server that does not understand its client says so to everybody who waits', async () => {
    const { db, clientEnd } = await openBehindChannel()
    const waiting = errorOf(db.transaction(() => new Promise(() => undefined)))
    clientEnd.postMessage({ datasync: 99, messages: [] })
    expect((await waiting).code).toBe('PROTOCOL_MISMATCH')
  })

  test('the death of the other side answers everybody, outcome unknown, and whoever asks later', async () => {
    const { db, die } = await openBehindChannel()
    const waiting = errorOf(db.transaction(() => new Promise(() => undefined)))
    const reading = errorOf(db.query('SELECT 1'))
    die(new DatabaseError('DATABASE_FAILED', 'dead', { outcome: 'unknown' }))
    expect(await waiting).toMatchObject({ code: 'DATABASE_FAILED', outcome: 'unknown' })
    expect((await reading).code).toBe('DATABASE_FAILED')
    expect(await codeOf(db.close())).toBe('DATABASE_FAILED')
  })

  test.each([
    ['of a newer protocol', { datasync: 99, messages: [] }, /99/],
    ['that is not of the protocol', 'hello', /not of this protocol/],
    ['that is malformed', { datasync: 1, messages: 7 }, /malformed/],
  ])('a message %s ends the client with a clear error', async (_, message, text) => {
    const { db, otherEnd } = await openBehindChannel()
    const waiting = errorOf(db.transaction(() => new Promise(() => undefined)))
    otherEnd.postMessage(message)
    const error = await waiting
    expect(error.code).toBe('PROTOCOL_MISMATCH')
    expect(error.message).toMatch(text)
  })
})
