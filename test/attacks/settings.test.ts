/** Connection state, levels, and commits of nothing: what a request may not change, and what it alone decides. */
import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/index.ts'
import { codeOf, openMemory } from '../api/harness.ts'
import { openOn } from '../api/sim-place.ts'
import { openStore } from '../model/open-store.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { blockNo, txid } from '../../src/units.ts'
import { afterKill, barriersOf, column, unhurried } from './world.ts'

const schema = 'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p)'

describe('attack-18', () => {
  test('attack-18 settings of the connection outlive its rebuilding, and no request changes them', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk, { pragmas: { foreignKeys: true, recursiveTriggers: true } })
    await db.exec(schema)
    const settings = async (of: Database) => [
      ...(await column(of, 'PRAGMA foreign_keys')),
      ...(await column(of, 'PRAGMA recursive_triggers')),
    ]
    for (const sql of ['PRAGMA foreign_keys = OFF', 'PRAGMA main.foreign_keys(0)', 'PRAGMA recursive_triggers = 0'])
      expect(await codeOf(db.exec(sql))).toBe('SETTING_REFUSED')
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    expect(await codeOf(db.exec('INSERT INTO p VALUES (1)'))).toBe('STORAGE_FAILED')
    expect(await settings(db)).toEqual([1, 1])
    // SQLITE_CONSTRAINT_FOREIGNKEY
    await expect(db.exec('INSERT INTO c VALUES (1)')).rejects.toMatchObject({ sqliteCode: 787 })
    expect(await settings(await openOn(afterKill(disk)))).toEqual([0, 0])
  })

  test('attack-18 TEMP objects end with their transaction and are refused outside of one', async () => {
    const db = await openMemory()
    await db.exec(schema)
    expect(await codeOf(db.exec('CREATE TEMP TABLE p (x)'))).toBe('MISUSE')
    await db.transaction(async (tx) => {
      await tx.exec('CREATE TEMP TABLE p (x); INSERT INTO p VALUES (7)')
      await tx.exec('CREATE TEMP TABLE sqlite3_like_a_system_table (x)')
      expect(await tx.query('SELECT x FROM p')).toEqual([{ x: 7 }])
    })
    expect(await column(db, 'SELECT count(*) FROM temp.sqlite_schema')).toEqual([0])
    await db.exec('INSERT INTO p (id) VALUES (1)')
  })
})

describe('attack-28', () => {
  test('attack-28 the level is what the request asks for, whatever SQLite is told to synchronise', async () => {
    for (const synchronous of ['OFF', 'NORMAL', 'FULL', 'EXTRA']) {
      const disk = new SimDisk()
      const db = await openOn(disk, { ...unhurried, durability: 'relaxed' })
      await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
      await db.exec(`PRAGMA synchronous = ${synchronous}`)
      const barriers: number[] = []
      for (const durability of ['deferred', 'relaxed', 'strict', undefined] as const) {
        const before = barriersOf(disk)
        await db.exec('INSERT INTO t DEFAULT VALUES', [], durability === undefined ? {} : { durability })
        barriers.push(barriersOf(disk) - before)
      }
      expect(barriers).toEqual([0, 0, 1, 0])
    }
  })

  test('attack-28 a transaction has the level that it asks for', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk, { ...unhurried, durability: 'deferred' })
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    for (const [durability, expected] of [
      ['relaxed', 0],
      ['strict', 1],
    ] as const) {
      const before = barriersOf(disk)
      const write = (tx: Pick<Database, 'exec'>) => tx.exec('INSERT INTO t DEFAULT VALUES')
      expect((await db.transaction(write, { durability })).durability).toBe(durability)
      expect(barriersOf(disk) - before).toBe(expected)
    }
  })
})

describe('attack-35', () => {
  test('attack-35 a commit of nothing takes no txid and reaches no medium', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    const { receipt } = await db.exec('INSERT INTO t VALUES (1, 1)')
    const calls = disk.trace.filter(({ kind }) => kind === 'write' || kind === 'flush').length
    for (const sql of [
      'UPDATE t SET b = 2 WHERE 0',
      'BEGIN IMMEDIATE; COMMIT',
      'UPDATE t SET b = b',
      'DELETE FROM t WHERE a = 5',
    ])
      expect((await db.exec(sql)).receipt).toEqual(receipt)
    await db.transaction((tx) => tx.exec('UPDATE t SET b = b'))
    expect(disk.trace.filter(({ kind }) => kind === 'write' || kind === 'flush')).toHaveLength(calls)
    expect((await db.exec('UPDATE t SET b = 3')).receipt.txid).toBe(receipt.txid + 1)
  })

  test('attack-35 a block that is written with the same bytes has a new version, others keep theirs', async () => {
    const store = await openStore(new SimDisk())
    const write = (last: number, ...blocks: number[]) =>
      store.append({
        firstTxid: txid(last),
        lastTxid: txid(last),
        sizeBlocks: 3,
        blocks: new Map(blocks.map((at) => [blockNo(at), new Uint8Array(4096).fill(at + 1)])),
        freed: new Set(),
        requests: [],
        timeMs: last,
      })
    await write(1, 0, 1, 2)
    await write(2, 1)
    expect([0, 1, 2].map((at) => store.blockInfo(blockNo(at))?.version)).toEqual([1, 2, 1])
    expect(store.blockInfo(blockNo(1))).toMatchObject({ txid: 2, lastModifiedMs: 2 })
    store.abandon()
  })

  test('attack-35 folding writes the home a bounded number of times over, however scattered the commits are', async () => {
    const disk = new SimDisk()
    const store = await openStore(disk)
    const sizeBlocks = 256
    const append = async (last: number, blocks: readonly number[]) => {
      const images = blocks.map((at) => [blockNo(at), new Uint8Array(4096).fill(last % 251)] as const)
      await store.append({
        firstTxid: txid(last),
        lastTxid: txid(last),
        sizeBlocks,
        blocks: new Map(images),
        freed: new Set(),
        requests: [],
        timeMs: 0,
      })
      await store.barrier({ mayWait: false })
      if (store.isCheckpointDue) await store.checkpoint({})
    }
    await append(1, [...Array(sizeBlocks).keys()])
    await store.checkpoint({ everything: true })
    const before = disk.trace.length
    for (let last = 2; last < 300; last++) await append(last, [(last * 97) % sizeBlocks])
    const bytesTo = (name: RegExp) =>
      disk.trace
        .slice(before)
        .filter((call) => call.kind === 'write' && name.test(call.name))
        .reduce((sum, { bytes }) => sum + bytes, 0)
    expect(bytesTo(/^database/)).toBeGreaterThan(0)
    expect(bytesTo(/^(database|blocks)/) / bytesTo(/^log-/)).toBeLessThan(1)
    store.abandon()
  })
})
