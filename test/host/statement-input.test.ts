/** What is asked is what was given when it was asked, wherever the database is; what is no statement is refused there. */
import { describe, expect, test } from 'vitest'
import type { Led } from '../../src/api.ts'
import { systemClock } from '../../src/effects/clock.ts'
import { Forwarder } from '../../src/host/forwarder.ts'
import { SharedDatabase } from '../../src/host/shared-database.ts'
import { SharedStreams } from '../../src/host/shared-streams.ts'
import type { Database, Statement } from '../../src/index.ts'
import { errorOf, openMemory } from '../api/harness.ts'
import { openBehindChannel } from './fixture.ts'

/** As a member has it that does not lead yet: what is asked waits. */
async function openForwarded(): Promise<Database> {
  const led = (await openMemory()) as Led
  const forwarder = new Forwarder({ timer: systemClock, newId: () => 'client', onWaiting: () => undefined })
  const streams = new SharedStreams()
  setTimeout(() => forwarder.lead(led, 1), 1)
  return new SharedDatabase('test', { forwarder, streams, durability: 'strict', close: () => led.close() })
}

const places: readonly (readonly [where: string, open: () => Promise<Database>])[] = [
  ['in this thread', openMemory],
  ['in another thread', async () => (await openBehindChannel()).db],
  ['with whoever leads', openForwarded],
]

describe.each(places)('a database %s', (_, open) => {
  test('takes parameters as they are when the call is made', async () => {
    const db = await open()
    await db.exec('CREATE TABLE t (a, b)')
    const list = [0, 'list']
    const names = { a: 0, b: 'names' }
    const statements: Statement[] = [{ sql: 'INSERT INTO t VALUES (?, ?)', params: list }]
    const asked: Promise<unknown>[] = []
    for (let n = 1; n <= 3; n++) {
      list[0] = n
      names.a = n
      asked.push(db.exec('INSERT INTO t VALUES (?, ?)', list))
      asked.push(db.query('INSERT INTO t VALUES (:a, :b)', names))
      list[1] = 'batch'
      asked.push(db.batch(statements))
      list[1] = 'list'
    }
    statements.pop()
    await Promise.all(asked)
    const wanted = [2]
    const rows = db.iterate('SELECT b FROM t WHERE a = ? ORDER BY b', wanted)
    wanted[0] = 99
    const read: unknown[] = []
    for await (const { b } of rows) read.push(b)
    expect(read).toEqual(['batch', 'list', 'names'])
    await db.transaction(async (tx) => {
      const inside: Promise<unknown>[] = []
      for (let n = 4; n <= 5; n++) {
        list[0] = n
        inside.push(tx.exec('INSERT INTO t VALUES (?, ?)', list))
      }
      list[0] = 99
      await Promise.all(inside)
    })
    expect(await db.query('SELECT b, group_concat(a) AS a FROM t GROUP BY b ORDER BY b')).toEqual([
      { b: 'batch', a: '1,2,3' },
      { b: 'list', a: '1,2,3,4,5' },
      { b: 'names', a: '1,2,3' },
    ])
  })

  // What types do not keep out, a script passes all the same.
  const given = (value: unknown) => value as never
  const calls: readonly (readonly [what: string, call: (db: Database) => Promise<unknown>, says: RegExp])[] = [
    ['sql that is a number', (db) => db.exec(given(5)), /sql is a value of type number; it must be a string/],
    ['sql that is absent', (db) => db.query(given(undefined)), /sql is undefined/],
    ['parameters that are null', (db) => db.exec('SELECT 1', given(null)), /parameters are null/],
    ['parameters that are a text', (db) => db.query('SELECT 1', given('a')), /parameters are a value of type string/],
    [
      'parameters that are bytes',
      (db) => db.exec('SELECT 1', given(new Uint8Array(2))),
      /must be a list, or an object/,
    ],
    ['a batch that is no list', (db) => db.batch(given('SELECT 1')), /it takes a list of/],
    ['a batch with a gap', (db) => db.batch([{ sql: 'SELECT 1' }, given(undefined)]), /statement 1 is undefined/],
    ['a batch with a text', (db) => db.batch([given('SELECT 1')]), /statement 0 is a value of type string/],
    ['a batch without sql', (db) => db.batch([given({})]), /with sql a string/],
    ['in a transaction', (db) => db.transaction((tx) => tx.batch(given({}))), /it takes a list of/],
  ]
  test('refuses options that are none by its promise, whatever they are', async () => {
    const db = await open()
    await expect(db.exec('SELECT 1', [], given(null))).rejects.toThrow(TypeError)
    await expect(db.query('SELECT 1', [], given({ deadlineMs: 'soon' }))).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    })
  })

  test.each(calls)('refuses %s', async (_, call, says) => {
    const db = await open()
    const error = await errorOf(call(db))
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER', message: expect.stringMatching(says) })
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })
})
