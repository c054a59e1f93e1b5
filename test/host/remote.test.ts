/** A database behind a channel behaves like one in the same thread. */
import { describe, expect, test } from 'vitest'
import { DatabaseError, type DatabaseEvent, type SqlValue, type Status } from '../../src/index.ts'
import { codeOf, errorOf } from '../api/harness.ts'
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

describe('reading in pieces', () => {
  const many = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i FROM n'

  test('all rows arrive in order, chunk by chunk', async () => {
    const { db } = await openBehindChannel()
    const seen: number[] = []
    for await (const { i } of db.iterate<{ i: number }>(many)) seen.push(i)
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, n) => n + 1))
  })

  test('a reader that stops early leaves nothing open', async () => {
    const { db } = await openBehindChannel()
    for (let round = 0; round < 100; round++) {
      for await (const row of db.iterate(many)) {
        expect(row).toEqual({ i: 1 })
        break
      }
    }
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('one iteration too many is refused, those that are open go on', async () => {
    const { db } = await openBehindChannel()
    const open = Array.from({ length: 64 }, () => db.iterate(many)[Symbol.asyncIterator]())
    await Promise.all(open.map((rows) => rows.next()))
    expect(await codeOf(db.iterate(many)[Symbol.asyncIterator]().next())).toBe('QUEUE_FULL')
    expect(await Promise.all(open.map((rows) => rows.next()))).toHaveLength(64)
    await Promise.all(open.map((rows) => rows.return?.()))
  })

  test('an export can be imported again', async () => {
    const { db } = await openBehindChannel()
    await db.exec(create)
    await db.exec('INSERT INTO t(v) VALUES (1)')
    const file = new Uint8Array(await new Response(db.export()).arrayBuffer())
    await db.exec('DELETE FROM t')
    await db.import(file)
    expect(file.length).toBeGreaterThan(0)
    expect(await db.query('SELECT v FROM t')).toEqual([{ v: 1 }])
  })

  test('an iteration that fails says why', async () => {
    const { db } = await openBehindChannel()
    expect(await codeOf(db.iterate('SELEKT')[Symbol.asyncIterator]().next())).toBe('SQL_ERROR')
  })
})

describe('streams', () => {
  test('events reach listeners from their subscription on, until the end', async () => {
    const { db } = await openBehindChannel()
    await db.exec(create)
    const events: DatabaseEvent['type'][] = []
    const commits: number[] = []
    const ended = deferred()
    db.events$.subscribe({ next: ({ type }) => events.push(type), complete: ended.resolve })
    db.commits$.subscribe(({ lastTxid }) => commits.push(lastTxid))
    await db.exec('INSERT INTO t(v) VALUES (1)')
    await db.close()
    await ended.promise
    expect(events.slice(0, 2)).toEqual(['sync.started', 'sync.succeeded'])
    expect(events.at(-1)).toBe('database.closed')
    expect(commits).toEqual([2])
  })

  test('a late listener gets the status of now, after the end the last one', async () => {
    const { db } = await openBehindChannel()
    const states: Status['state'][] = []
    db.status$.subscribe(({ state }) => states.push(state))
    expect(states).toEqual(['leading'])
    await db.close()
    const late: Status['state'][] = []
    db.status$.subscribe(({ state }) => late.push(state))
    expect(late).toEqual(['closed'])
  })

  test('plain callbacks and the logger are called on this side', async () => {
    const called: string[] = []
    const log = (record: object) => void called.push(`log ${String((record as { event?: unknown }).event)}`)
    const { db } = await openBehindChannel({
      on: { syncStart: () => void called.push('start'), syncSuccess: () => void called.push('success') },
      logger: { debug: log, info: log, warn: log, error: log },
    })
    await db.exec(create)
    await db.close()
    expect(called.filter((what) => !what.startsWith('log'))).toEqual(expect.arrayContaining(['start', 'success']))
    expect(called).toContain('log record.written')
  })
})

describe('bad days', () => {
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

function deferred() {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}
