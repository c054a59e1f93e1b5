/** All that a database can do, asked by a page that does not lead. */
import { expect, test } from 'vitest'
import { openAll, storages, type Storage } from './writers.ts'
import type { MemberPage } from './member-page.ts'
import { useTabs } from './tabs.ts'

const tabs = useTabs()

/** Two pages; the second one follows. */
async function withTwo(storage: Storage, use: (follower: MemberPage, leader: MemberPage) => Promise<void>) {
  await tabs.withPages(2, async ({ all, at }) => {
    await openAll(all, { name: tabs.newName(), storage })
    expect(at(1).follows).toBe(true)
    await use(at(1), at(0))
    expect(at(0).leads).toBe(true)
  })
}

test.each(storages)('values of every type go to a leader on %s and come back as they were', async (storage) => {
  await withTwo(storage, async (follower) => {
    const found = await follower.run(async (member) => {
      const db = member.db()
      await db.exec('CREATE TABLE v (id INTEGER PRIMARY KEY, value)')
      const values = [null, 1, -2.5, 'text ✓', 2n ** 62n, new Uint8Array([0, 1, 255])]
      const { lastInsertRowid } = await db.exec('INSERT INTO v(value) VALUES (:v)', { v: 'named' })
      await db.batch(values.map((value) => ({ sql: 'INSERT INTO v(value) VALUES (?)', params: [value] })))
      const rows = await db.query('SELECT value FROM v WHERE id > 1 ORDER BY id', [], { rowMode: 'array' })
      const tagged = await db.sql`SELECT count(*) AS n FROM v WHERE value = ${'text ✓'}`
      return {
        lastInsertRowid: String(lastInsertRowid),
        rows: rows
          .flat()
          .map((value) => (value instanceof Uint8Array ? `bytes ${value.join()}` : `${typeof value} ${String(value)}`)),
        tagged,
      }
    })
    expect(found).toEqual({
      lastInsertRowid: '1',
      rows: ['object null', 'number 1', 'number -2.5', 'string text ✓', 'bigint 4611686018427387904', 'bytes 0,1,255'],
      tagged: [{ n: 1 }],
    })
  })
})

test.each(storages)(
  'a slow reader of a leader on %s gets every row, a reader that stops holds nobody',
  async (storage) => {
    await withTwo(storage, async (follower) => {
      const read = await follower.run(async (member) => {
        const db = member.db()
        await db.exec(
          'CREATE TABLE many AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) SELECT n FROM c',
        )
        let sum = 0
        for await (const { n } of db.iterate<{ n: number }>('SELECT n FROM many ORDER BY n')) {
          // Writes come between its chunks, and change nothing of what it reads.
          if (n % 1000 === 0) await db.exec('UPDATE many SET n = -n WHERE n > 2500')
          sum += n
        }
        let first = 0
        for await (const { n } of db.iterate<{ n: number }>('SELECT n FROM many ORDER BY n')) {
          first = n
          break
        }
        await db.exec('DROP TABLE many')
        return { sum, first }
      })
      expect(read.sum).toBe((3000 * 3001) / 2)
      expect(read.first).toBe(-3000)
    })
  },
)

test.each(storages)(
  'transactions of a follower on %s are whole, nest, roll back, and have a deadline',
  async (storage) => {
    await withTwo(storage, async (follower, leader) => {
      const told = await follower.run(async (member) => {
        const db = member.db()
        await db.exec('CREATE TABLE t (v)')
        const value = await db.transaction(async (tx) => {
          await tx.exec("INSERT INTO t VALUES ('outer')")
          await tx
            .transaction(async (inner) => {
              await inner.exec("INSERT INTO t VALUES ('undone')")
              throw new Error('on purpose')
            })
            .catch(() => undefined)
          await tx.transaction((inner) => inner.exec("INSERT INTO t VALUES ('inner')"))
          return (await tx.query('SELECT v FROM t')).length
        })
        const thrown = await member.attempt(() =>
          db.transaction(async (tx) => {
            await tx.exec("INSERT INTO t VALUES ('thrown away')")
            throw new Error('on purpose')
          }),
        )
        const late = await member.attempt(() =>
          db.transaction(
            async (tx) => {
              await tx.exec("INSERT INTO t VALUES ('late')")
              await new Promise((resolve) => setTimeout(resolve, 1500))
              await tx.exec("INSERT INTO t VALUES ('later')")
            },
            { deadlineMs: 300 },
          ),
        )
        return { value, thrown, late: late === 'done' ? late : late.code }
      })
      expect(told).toMatchObject({ value: 2, thrown: { message: 'Error: on purpose' }, late: 'TRANSACTION_TIMEOUT' })
      expect(await leader.run((member) => member.db().query('SELECT v FROM t ORDER BY v'))).toEqual([
        { v: 'inner' },
        { v: 'outer' },
      ])
    })
  },
)

test.each(storages)('a page that crashes inside a transaction on %s releases it', async (storage) => {
  await withTwo(storage, async (follower, leader) => {
    await follower.run(
      (member) =>
        new Promise<void>((held) => {
          void member.db().transaction(async (tx) => {
            await tx.exec('INSERT INTO entry (page, n) VALUES (7, 7)')
            held()
            await new Promise(() => undefined)
          })
        }),
    )
    const write = leader.run((member) =>
      member.attempt(() => member.db().exec('INSERT INTO entry (page, n) VALUES (8, 8)', [], { deadlineMs: 20_000 })),
    )
    const state = { isAnswered: false }
    void write.then(() => (state.isAnswered = true))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(state.isAnswered, 'it waits for the transaction').toBe(false)
    await follower.crash()
    expect(await write).toBe('done')
    expect(await leader.run((member) => member.db().query('SELECT page FROM entry'))).toEqual([{ page: 8 }])
  })
})

test.each(storages)('what a follower hears of a leader on %s is what the leader says', async (storage) => {
  await withTwo(storage, async (follower, leader) => {
    const listen = (page: MemberPage) =>
      page.run((member) => {
        const heard: string[] = []
        Object.assign(globalThis, { heard })
        member.db().commits$.subscribe(({ receipt }) => heard.push(`${receipt.epoch}.${receipt.txid}`))
        // Asked behind the listening, so answered when the leader knows of it.
        return member.db().query('SELECT 1 AS one')
      })
    await Promise.all([listen(leader), listen(follower)])
    await Promise.all([leader, follower].map((page) => page.writeRows(5)))
    const heardBy = (page: MemberPage) => page.page.evaluate<string[]>('heard')
    const told = await heardBy(leader)
    expect(told.length).toBeGreaterThan(0)
    expect(await heardBy(follower)).toEqual(told)
  })
})

test.each(storages)('a follower of a leader on %s exports and imports', async (storage) => {
  await withTwo(storage, async (follower, leader) => {
    await follower.writeRows(10)
    const found = await follower.run(async (member) => {
      const db = member.db()
      const file = new Uint8Array(await new Response(db.export()).arrayBuffer())
      await db.exec('DELETE FROM entry')
      const { txid } = await db.import(file)
      return { head: new TextDecoder().decode(file.subarray(0, 15)), isNumbered: txid > 0 }
    })
    expect(found).toEqual({ head: 'SQLite format 3', isNumbered: true })
    const count = (page: MemberPage) => page.run((member) => member.db().query('SELECT count(*) AS n FROM entry'))
    expect(await count(leader)).toEqual([{ n: 10 }])
    expect(await count(follower)).toEqual([{ n: 10 }])
    expect(await follower.run(async (member) => (await member.db().verify()).damaged)).toEqual([])
    await follower.run((member) => member.db().checkpoint())
  })
})
