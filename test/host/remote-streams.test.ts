/** What comes from a database behind a channel in pieces, and what it tells. */
import { describe, expect, test } from 'vitest'
import type { DatabaseEvent, Status } from '../../src/index.ts'
import { codeOf } from '../api/harness.ts'
import { deferred } from './deferred.ts'
import { openBehindChannel } from './fixture.ts'

const create = 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)'

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
    for (const rows of open) await rows.return?.()
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
