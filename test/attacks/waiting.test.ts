/** Who waits for whom: groups that form while a barrier runs, circles that must not close, and machines that stop. */
import { describe, expect, test } from 'vitest'
import { limits } from '../../src/limits.ts'
import { codeOf, errorOf, openMemory, recordEvents } from '../api/harness.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { barriersOf, column, gate, openOver, unhurried, withFiles } from './world.ts'

const insert = (id: number) => ['INSERT INTO t VALUES (?, NULL)', [id]] as const
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index)

describe('attack-26', () => {
  test('attack-26 a thousand writes asked for together are one group with one barrier', async () => {
    const disk = new SimDisk()
    const db = await openOver(disk, {}, new ManualClock())
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    const before = barriersOf(disk)
    await Promise.all(numbers(1000).map((id) => db.exec(...insert(id))))
    expect(barriersOf(disk) - before).toBe(1)
  })

  test('attack-26 what is asked for while a barrier runs is run meanwhile and is the next group', async () => {
    const disk = new SimDisk()
    const barrier = gate()
    let isHeld = false
    const held = withFiles(disk, ({ flushAsync }) => ({
      flushAsync: async () => {
        if (isHeld) await barrier.opened
        return flushAsync()
      },
    }))
    const db = await openOver(held, {}, new ManualClock())
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    const groups: number[] = []
    db.commits$.subscribe(({ firstTxid, lastTxid }) => groups.push(lastTxid - firstTxid + 1))
    const before = barriersOf(disk)
    isHeld = true
    const first = numbers(10).map((id) => db.exec(...insert(id)))
    await db.query('SELECT 1')
    const next = numbers(100, 10).map((id) => db.exec(...insert(id)))
    expect(await column(db, 'SELECT count(*) FROM t')).toEqual([110])
    expect(groups).toEqual([])
    barrier.open()
    await Promise.all([...first, ...next])
    expect(groups).toEqual([10, 100])
    expect(barriersOf(disk) - before).toBe(2)
  })
})

describe('attack-27', () => {
  test('attack-27 above the high watermark requests wait, and a transaction that is open writes and ends', async () => {
    const disk = new SimDisk()
    // Its turns do not end before the transaction begins.
    const clock = new ManualClock()
    const backpressure = { highBytes: 5_000_000, normalBytes: 2_000_000 }
    const db = await openOver(disk, { ...unhurried, backpressure, durability: 'deferred' }, clock)
    const events = recordEvents(db)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    await db.forceSync()
    // The log cannot grow for so long a record.
    disk.setFault({ nth: 3, kinds: ['write'], isLasting: true, error: 'ENOSPC', applied: 'nothing' })
    const [, transaction] = [
      db.exec('INSERT INTO t VALUES (1, ?)', ['x'.repeat(6_000_000)]),
      db.transaction(async (tx) => {
        await tx.exec(...insert(2))
        await new Promise((resolve) => setImmediate(resolve))
        expect(events.filter(({ type }) => type === 'backpressure.changed')).toMatchObject([{ isHigh: true }])
        await tx.exec(...insert(3))
      }),
    ]
    await transaction
    expect(disk.faultsFired).toBeGreaterThan(0)
    const expiring = codeOf(db.exec(...insert(4), { deadlineMs: 50 }))
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(100)
    expect(await expiring).toBe('DEADLINE_EXCEEDED')
    const held = db.exec(...insert(5))
    disk.heal()
    clock.advance(limits.backoffMsMax)
    await held
    expect(await column(db, 'SELECT id FROM t ORDER BY id')).toEqual([1, 2, 3, 5])
  })

  test('attack-27 requests that are held do not wait for a flush that nobody wants before them', async () => {
    const clock = new ManualClock()
    const backpressure = { highBytes: 40_000, normalBytes: 20_000 }
    const db = await openOver(new SimDisk(), { ...unhurried, backpressure, durability: 'deferred' }, clock)
    const events = recordEvents(db)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    await db.exec('INSERT INTO t VALUES (1, ?)', ['x'.repeat(50_000)])
    await db.exec(...insert(2))
    const edges = events.flatMap((event) => (event.type === 'backpressure.changed' ? [event.isHigh] : []))
    expect(edges).toEqual([true, false])
    expect(clock.now()).toBe(0)
  })

  test('attack-27 db awaited inside transaction(fn) is USE_TX and never a wait', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    const file = await new Response(db.export()).arrayBuffer()
    await db.transaction(async (tx) => {
      await tx.exec(...insert(1))
      const calls = {
        exec: () => db.exec('SELECT 1'),
        query: () => db.query('SELECT 1'),
        sql: () => db.sql`SELECT 1`,
        iterate: () => db.iterate('SELECT 1')[Symbol.asyncIterator]().next(),
        batch: () => db.batch([{ sql: 'SELECT 1' }]),
        transaction: () => db.transaction(() => 1),
        forceSync: () => db.forceSync(),
        checkpoint: () => db.checkpoint(),
        import: () => db.import(new Uint8Array(file)),
        export: () => db.export().getReader().read(),
        close: () => db.close(),
        drainAndShutdown: () => db.drainAndShutdown(),
      }
      for (const [name, call] of Object.entries(calls)) expect([name, await codeOf(call())]).toEqual([name, 'USE_TX'])
    })
    expect(await column(db, 'SELECT id FROM t')).toEqual([1])
  })

  test('attack-27 an iteration under way keeps no statement open: the schema changes, the database closes', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    await db.batch(numbers(500).map((id) => ({ sql: insert(id)[0], params: [id] })))
    const iteration = db.iterate('SELECT id FROM t ORDER BY id')[Symbol.asyncIterator]()
    expect(await iteration.next()).toEqual({ done: false, value: { id: 0 } })
    await db.exec('VACUUM')
    await db.exec('DROP TABLE t')
    expect(await iteration.next()).toEqual({ done: false, value: { id: 1 } })
    await db.close()
  })
})

describe('attack-31', () => {
  test('attack-31 an exception where the medium is served fails the database and rejects everyone who waits', async () => {
    const disk = new SimDisk()
    let isBroken = false
    const broken = withFiles(disk, ({ name, write }) => ({
      write: (from, at) => {
        if (isBroken && name.startsWith('log-')) throw new TypeError('nobody expects this')
        write(from, at)
      },
    }))
    const db = await openOver(broken)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    isBroken = true
    const codes = await Promise.all(numbers(5).map((id) => codeOf(db.exec(...insert(id)))))
    expect(codes).toEqual(Array<string>(5).fill('DATABASE_FAILED'))
    expect(await codeOf(db.query('SELECT 1'))).toBe('DATABASE_FAILED')
  })

  test('attack-31 an exception between two machines fails the database and rejects everyone who waits', async () => {
    class BrokenClock extends ManualClock {
      isBroken = false

      override wallMs(): number {
        if (this.isBroken) throw new TypeError('nobody expects this')
        return super.wallMs()
      }
    }
    const clock = new BrokenClock()
    const db = await openOver(new SimDisk(), {}, clock)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    clock.isBroken = true
    const writes = Promise.all(numbers(5).map((id) => errorOf(db.exec(...insert(id)))))
    const reads = errorOf(db.query('SELECT 1', [], { durability: 'strict' }))
    for (const error of [...(await writes), await reads]) expect(error.code).toBe('DATABASE_FAILED')
    expect(await codeOf(db.query('SELECT 1'))).toBe('DATABASE_FAILED')
  })
})
