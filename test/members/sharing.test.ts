/** Members in one process: whoever follows has the whole API, and its answers are those of the leader. */
import { firstValueFrom } from 'rxjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { CommitEvent, Database, SqlValue } from '../../src/index.ts'
import { destroy } from '../../src/index.ts'
import { codeOf, errorOf, openIn, recordEvents, temporaryBase } from '../api/harness.ts'
import { column } from '../attacks/world.ts'
import { openPair } from './pair.ts'

describe('a follower', () => {
  test('says that it follows, whom, and where the database lies', async () => {
    const { base, leader, follower } = await openPair()
    const { epoch } = await firstValueFrom(leader.status$)
    expect(await firstValueFrom(leader.status$)).toMatchObject({ state: 'leading', role: 'leader' })
    const status = { state: 'following', role: 'follower', epoch, medium: 'fs', location: `${base}/test` }
    expect(await firstValueFrom(follower.status$)).toMatchObject(status)
    expect(follower.recoveryReport).toEqual(leader.recoveryReport)
  })

  test('has values, errors and receipts as the leader has them', async () => {
    const { leader, follower } = await openPair()
    const blob = new Uint8Array(100_000).fill(7)
    const values: SqlValue[] = [2n ** 60n, blob, null, 'text', 1.5]
    for (const value of values) await follower.exec('INSERT INTO t (v) VALUES (:v)', { v: value })
    expect(await column(follower, 'SELECT v FROM t ORDER BY id')).toEqual(values)
    expect(await column(leader, 'SELECT v FROM t ORDER BY id')).toEqual(values)
    const { receipt, durability } = await follower.exec('INSERT INTO t (v) VALUES (1)')
    expect(durability).toBe('strict')
    await leader.durable(receipt)
    expect(await errorOf(follower.exec('SELEKT 1'))).toMatchObject({ code: 'SQL_ERROR', details: { offset: 0 } })
    expect(await follower.sql`SELECT ${'a'} AS a`).toEqual([{ a: 'a' }])
  })

  test('batches are atomic', async () => {
    const { follower } = await openPair()
    const statements = [{ sql: 'INSERT INTO t (id) VALUES (1)' }, { sql: 'INSERT INTO t (id) VALUES (1)' }]
    expect(await codeOf(follower.batch(statements))).toBe('SQL_ERROR')
    expect(await column(follower, 'SELECT id FROM t')).toEqual([])
    expect(await follower.batch(statements.slice(0, 1))).toHaveLength(1)
  })

  test('transactions are isolated from the leader and from each other, nested ones are savepoints', async () => {
    const { leader, follower } = await openPair()
    await leader.exec('INSERT INTO t (id, v) VALUES (1, 0)')
    const increment = (db: Database) =>
      db.transaction(async (tx) => {
        const [row] = await tx.query<{ v: number }>('SELECT v FROM t WHERE id = 1')
        await tx
          .transaction(async (inner) => {
            await inner.exec('UPDATE t SET v = 1000')
            throw new Error('undone')
          })
          .catch(() => undefined)
        await tx.exec('UPDATE t SET v = ? WHERE id = 1', [(row?.v ?? 0) + 1])
        return row?.v
      })
    const seen = await Promise.all([leader, follower, follower, leader].map(increment))
    expect(seen.toSorted()).toEqual([0, 1, 2, 3])
    expect(await column(leader, 'SELECT v FROM t')).toEqual([4])
  })

  test('a transaction that hangs ends at its deadline, and nobody else waits longer', async () => {
    const { leader, follower } = await openPair()
    const hanging = follower.transaction(() => new Promise(() => undefined), { deadlineMs: 200 })
    const error = errorOf(hanging)
    await leader.exec('INSERT INTO t (id) VALUES (1)')
    expect(await error).toMatchObject({ code: 'TRANSACTION_TIMEOUT' })
  })

  test('reads row by row, and exports and imports', async () => {
    const { leader, follower } = await openPair()
    await leader.exec(
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, i FROM n',
    )
    let count = 0
    for await (const { id } of follower.iterate<{ id: number }>('SELECT id FROM t ORDER BY id')) {
      expect(id).toBe(++count)
      if (count === 2500) break
    }
    const file = new Uint8Array(await new Response(follower.export()).arrayBuffer())
    await follower.exec('DELETE FROM t')
    await follower.import(file)
    expect(await column(leader, 'SELECT count(*) FROM t')).toEqual([3000])
    expect(await follower.verify()).toMatchObject({ damaged: [] })
    await follower.checkpoint()
  })

  test('streams tell the truth of the leader', async () => {
    const { leader, follower } = await openPair()
    const commits: CommitEvent[][] = [[], []]
    for (const [at, db] of [leader, follower].entries()) db.commits$.subscribe((commit) => commits[at]?.push(commit))
    const events = recordEvents(follower)
    await follower.forceSync()
    await leader.exec('INSERT INTO t (id) VALUES (1)')
    await follower.exec('INSERT INTO t (id) VALUES (2)')
    expect(commits[1]).toEqual(commits[0])
    expect(commits[0]).toHaveLength(2)
    expect(events.map(({ type }) => type)).toContain('sync.succeeded')
    expect((await firstValueFrom(follower.metrics$)).epoch).toBe((await firstValueFrom(leader.metrics$)).epoch)
  })

  test('with other settings of the connection is refused, and the leader goes on', async () => {
    const { base, leader } = await openPair()
    const error = await errorOf(openIn(base, { pragmas: { foreignKeys: true } }))
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', details: { name: 'foreignKeys' } })
    await leader.exec('INSERT INTO t (id) VALUES (1)')
  })

  test('has its own default level', async () => {
    const { base } = await openPair()
    const follower = await openIn(base, { durability: 'deferred' })
    expect((await follower.exec('INSERT INTO t (id) VALUES (1)')).durability).toBe('deferred')
  })

  test('leads when the leader has closed, with everything that was acknowledged', async () => {
    const { leader, follower } = await openPair()
    const changes = recordEvents(follower)
    await follower.exec('INSERT INTO t (id) VALUES (1)')
    const sinceMs = performance.now()
    const closing = leader.close()
    await follower.exec('INSERT INTO t (id) VALUES (2)')
    const elapsedMs = performance.now() - sinceMs
    await closing
    expect(await column(follower, 'SELECT id FROM t')).toEqual([1, 2])
    expect(await firstValueFrom(follower.status$)).toMatchObject({ state: 'leading', role: 'leader', epoch: 2 })
    const changed = changes.find((event) => event.type === 'leader.changed')
    expect(changed).toMatchObject({ role: 'leader', epoch: 2, cause: 'resigned' })
    expect(changed?.ms).toBeGreaterThan(0)
    expect(changed?.ms).toBeLessThan(elapsedMs)
    expect((await firstValueFrom(follower.metrics$)).handOverMs).toBe(changed?.ms)
    expect(await codeOf(leader.exec('SELECT 1'))).toBe('DATABASE_CLOSED')
  })

  test('closed, answers what was asked and lets the leader be', async () => {
    const { leader, follower } = await openPair()
    const asked = [1, 2, 3].map((id) => follower.exec('INSERT INTO t (id) VALUES (?)', [id]))
    await follower.close()
    await Promise.all(asked)
    expect(await codeOf(follower.exec('SELECT 1'))).toBe('DATABASE_CLOSED')
    expect(await column(leader, 'SELECT id FROM t')).toEqual([1, 2, 3])
  })

  test('keeps the database from being destroyed', async () => {
    const { base, leader } = await openPair()
    expect(await codeOf(destroy('test', { storage: { kind: 'fs', base } }))).toBe('STORE_LOCKED')
    await leader.exec('INSERT INTO t (id) VALUES (1)')
  })
})

test('attack-01 who opens a database while it is written recovers nothing: it follows, and nothing acknowledged is lost', async () => {
  const { base, leader } = await openPair()
  const acknowledged: number[] = []
  const state = { isOpen: false }
  const writing = (async () => {
    for (let id = 1; !state.isOpen || id <= 50; id++) {
      await leader.exec('INSERT INTO t (id) VALUES (?)', [id])
      acknowledged.push(id)
    }
  })()
  const others = await Promise.all([openIn(base), openIn(base)])
  state.isOpen = true
  await writing
  for (const db of others) {
    expect(db.recoveryReport).toEqual(leader.recoveryReport)
    expect(await firstValueFrom(db.status$)).toMatchObject({ role: 'follower', epoch: 1 })
    expect(await column(db, 'SELECT id FROM t ORDER BY id')).toEqual(acknowledged)
  }
})

test('many members write at once, and each row is there once', async () => {
  const base = await temporaryBase()
  const members = await Promise.all(Array.from({ length: 5 }, () => openIn(base)))
  const roles = await Promise.all(members.map(async (db) => (await firstValueFrom(db.status$)).role))
  expect(roles.toSorted()).toEqual(['follower', 'follower', 'follower', 'follower', 'leader'])
  await members[0]?.exec('CREATE TABLE t (who, n, PRIMARY KEY (who, n))')
  await Promise.all(
    members.flatMap((db, who) =>
      Array.from({ length: 100 }, (_, n) => db.exec('INSERT INTO t VALUES (?, ?)', [who, n])),
    ),
  )
  const db = members[4]
  expect(await db?.query('SELECT who, count(*) AS n FROM t GROUP BY who')).toEqual(
    [0, 1, 2, 3, 4].map((who) => ({ who, n: 100 })),
  )
  // The order of one member's own requests is kept.
  const order = await db?.query<{ n: number }>('SELECT n FROM t WHERE who = 3 ORDER BY rowid')
  expect(order?.map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n))
})

test('members that close one after another hand the database on, and the last leaves a plain file', async () => {
  const base = await temporaryBase()
  const members = [await openIn(base), await openIn(base), await openIn(base)]
  await members[0]?.exec('CREATE TABLE t (a)')
  for (const [at, db] of members.entries()) {
    await db.exec('INSERT INTO t VALUES (?)', [at])
    await db.close()
  }
  const again = await openIn(base)
  onTestFinished(() => again.close())
  expect(await column(again, 'SELECT a FROM t')).toEqual([0, 1, 2])
  expect(again.recoveryReport.recordsReplayed).toBe(0)
})
