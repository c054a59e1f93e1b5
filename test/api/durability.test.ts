import { limits } from '../../src/limits.ts'
import { describe, expect, test } from 'vitest'
import { openAt } from '../../src/open-at.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { codeOf, openIn, openMemory, recordEvents, temporaryBase } from './harness.ts'
import { simPlace } from './sim-place.ts'

describe('levels', () => {
  test('strict and relaxed are answered by a commit, deferred before it', async () => {
    const db = await openMemory({ syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000 } })
    const commits: { txid: number; durability: string }[] = []
    db.commits$.subscribe(({ receipt, durability }) => commits.push({ txid: receipt.txid, durability }))
    const strict = await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    expect(commits).toEqual([{ txid: strict.receipt.txid, durability: 'strict' }])
    const relaxed = await db.exec('INSERT INTO t VALUES (1)', [], { durability: 'relaxed' })
    expect(commits.at(-1)).toEqual({ txid: relaxed.receipt.txid, durability: 'relaxed' })
    const deferred = await db.exec('INSERT INTO t VALUES (2)', [], { durability: 'deferred' })
    expect(commits.at(-1)?.txid).toBe(relaxed.receipt.txid)
    expect(await db.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 2 }])
    await db.durable(deferred.receipt)
    expect(commits.at(-1)?.txid).toBe(deferred.receipt.txid)
  })

  test('a deferred write is durable after maxWaitMs without being asked', async () => {
    const db = await openMemory({ durability: 'deferred', syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 20 } })
    const committed = new Promise<number>((resolve) => db.commits$.subscribe(({ receipt }) => resolve(receipt.txid)))
    const { receipt } = await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    expect(await committed).toBe(receipt.txid)
  })

  test('a threshold without debounce flushes before the write returns', async () => {
    const db = await openMemory({
      durability: 'deferred',
      syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000, maxDirtyBlocks: 1 },
    })
    const events = recordEvents(db)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    expect(events.filter(({ type }) => type === 'sync.succeeded')).toMatchObject([{ trigger: 'threshold' }])
  })

  test('writes made together are one record', async () => {
    const disk = new SimDisk()
    const db = await openAt(simPlace(disk), 'test', {}, new ManualClock())
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const groups: number[] = []
    db.commits$.subscribe(({ firstTxid, lastTxid }) => groups.push(lastTxid - firstTxid + 1))
    const barriersBefore = disk.trace.filter(({ kind }) => kind === 'flush').length
    await Promise.all(Array.from({ length: 100 }, (_, id) => db.exec('INSERT INTO t VALUES (?)', [id])))
    expect(groups).toEqual([100])
    expect(disk.trace.filter(({ kind }) => kind === 'flush').length - barriersBefore).toBe(1)
    await db.close()
  })

  test('forceSync covers what was asked for before it', async () => {
    const db = await openMemory({
      durability: 'deferred',
      syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000 },
    })
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const commits: number[] = []
    db.commits$.subscribe(({ lastTxid }) => commits.push(lastTxid))
    const write = db.exec('INSERT INTO t VALUES (1)')
    const receipt = await db.forceSync()
    expect(receipt).toEqual((await write).receipt)
    expect(commits).toEqual([receipt.txid])
  })

  test('a strict read waits until all it saw is durable', async () => {
    const db = await openMemory({
      durability: 'deferred',
      syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000 },
    })
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const commits: number[] = []
    db.commits$.subscribe(({ lastTxid }) => commits.push(lastTxid))
    await db.query('SELECT * FROM t')
    expect(commits).toEqual([])
    await db.query('SELECT * FROM t', [], { durability: 'strict' })
    expect(commits).toEqual([1])
  })

  test('PRAGMA synchronous reads as the level and setting it changes nothing but says so', async () => {
    for (const [durability, value] of [
      ['strict', 2],
      ['relaxed', 1],
      ['deferred', 0],
    ] as const) {
      const db = await openMemory({ durability })
      const events = recordEvents(db)
      await db.exec('PRAGMA synchronous = OFF')
      expect(await db.query('PRAGMA synchronous', [], { rowMode: 'array' })).toEqual([[value]])
      const ignored = events.filter(({ type }) => type === 'pragma.ignored')
      expect(ignored[0]).toMatchObject({
        pragma: 'synchronous',
        message: expect.stringContaining('durability') as string,
      })
    }
  })
})

describe('receipts', () => {
  test('a receipt of an earlier reign is known after reopening', async () => {
    const base = await temporaryBase()
    const first = await openIn(base)
    const { receipt } = await first.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    await first.close()
    const second = await openIn(base)
    await second.durable(receipt)
    const again = await second.exec('INSERT INTO t VALUES (1)')
    expect(again.receipt.epoch).toBeGreaterThan(receipt.epoch)
    expect(again.receipt.txid).toBe(receipt.txid + 1)
  })

  test('a receipt that was never issued is refused', async () => {
    const db = await openMemory()
    const { receipt } = await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    expect(await codeOf(db.durable({ ...receipt, txid: receipt.txid + 1 }))).toBe('INVALID_OPTIONS')
    expect(await codeOf(db.durable({ ...receipt, epoch: receipt.epoch + 1 }))).toBe('INVALID_OPTIONS')
  })
})

describe('requests with an id', () => {
  test('asked again, a request is answered and not run again, also after reopening', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, at BLOB)')
    const insert = (on: typeof db) =>
      on.exec('INSERT INTO t (at) VALUES (?)', [Uint8Array.of(1)], { requestId: 'phone:1' })
    const [first, together] = await Promise.all([insert(db), insert(db)])
    expect(together).toEqual(first)
    expect(await insert(db)).toEqual(first)
    await db.close()
    const reopened = await openIn(base)
    expect(await insert(reopened)).toEqual(first)
    expect(await reopened.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 1 }])
  })

  test('rows are kept with their types, and a failure midway is kept too', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, big INTEGER, bytes BLOB)')
    const insert = () =>
      db.query('INSERT INTO t VALUES (1, ?, ?) RETURNING *', [2n ** 60n, Uint8Array.of(7)], { requestId: 'a:1' })
    const rows = await insert()
    expect(await insert()).toEqual(rows)
    const midway = () =>
      db.exec('INSERT INTO t (id) VALUES (2); INSERT INTO t (id) VALUES (2)', [], { requestId: 'a:2' })
    expect(await codeOf(midway())).toBe('SQL_ERROR')
    await db.exec('DELETE FROM t WHERE id = 2')
    expect(await codeOf(midway())).toBe('SQL_ERROR')
    expect(await db.query('SELECT id FROM t')).toEqual([{ id: 1 }])
  })

  test('a request that is too old, or of a client never seen, is not run', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const insert = (requestId: string) => db.exec('INSERT INTO t DEFAULT VALUES', [], { requestId })
    expect(await codeOf(insert('stranger:5'))).toBe('OUTCOME_UNKNOWN')
    const count = limits.outcomesPerClientMax + 6
    for (let n = 1; n <= count; n++) await insert(`known:${n}`)
    expect(await codeOf(insert('known:1'))).toBe('OUTCOME_UNKNOWN')
    expect(await db.query('SELECT count(*) AS n FROM t')).toEqual([{ n: count }])
    expect(await codeOf(insert('no number'))).toBe('INVALID_OPTIONS')
  })

  test('an answer too large to keep is said to be', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (text TEXT)')
    const insert = () => db.query('INSERT INTO t VALUES (?) RETURNING text', ['x'.repeat(70_000)], { requestId: 'a:1' })
    expect(await insert()).toHaveLength(1)
    expect(await codeOf(insert())).toBe('OUTCOME_NOT_KEPT')
    expect(await db.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 1 }])
  })
})
