/** Memory: what a transaction may take, what is given back, and where what is not in memory is read. */
import { describe, expect, test } from 'vitest'
import { limits } from '../../src/limits.ts'
import type { Database, Metrics } from '../../src/index.ts'
import { openOn } from '../api/sim-place.ts'
import { imageAfter } from '../model/crash-images.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { flush, reopen, thrownBy } from '../unit/vfs/fixture.ts'
import { openTouchy, rows } from './touchy-view.ts'
import { afterKill, column, isSound, openOver, turns } from './world.ts'

const metricsOf = (db: Database): Metrics => {
  let seen: Metrics | undefined
  db.metrics$.subscribe((metrics) => (seen ??= metrics)).unsubscribe()
  if (seen === undefined) throw new Error('metrics are told at once')
  return seen
}

/** SQLite allocates this much for one value, and WASM memory never shrinks. */
async function growInstance(db: Database): Promise<void> {
  await db.query('SELECT length(randomblob(?))', [limits.wasmIdleBytesMax])
  expect(metricsOf(db).wasmBytes).toBeGreaterThan(limits.wasmIdleBytesMax)
}

describe('attack-29', () => {
  test('attack-29 a transaction beyond the limit fails at its write, and SQLite rolls it back', async () => {
    const { store, view, db } = await openTouchy({ cacheSize: 10, transactionBytesMax: 400_000 })
    db.run(rows(10))
    db.engine.begin()
    db.run('DELETE FROM t WHERE a = 1')
    expect(thrownBy(() => db.run(rows(2000, 1000)))).toMatchObject({ code: 'TRANSACTION_TOO_LARGE' })
    db.engine.rollback()
    expect(view.overlayBytesSeen).toBeLessThanOrEqual(400_000)
    db.run('INSERT INTO t VALUES (11, 11)')
    flush(view, store)
    const again = await reopen(store)
    expect(again.all('SELECT count(*), max(a) FROM t')).toEqual([[11, 11]])
    expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
  })

  test('attack-29 a grown instance is replaced when nobody needs it', async () => {
    const clock = new ManualClock()
    const disk = new SimDisk()
    const db = await openOver(disk, {}, clock)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    await growInstance(db)
    for (let idle = 0; idle < 2; idle++) {
      await db.exec('INSERT INTO t DEFAULT VALUES')
      await turns(clock, limits.idleCheckpointMs + 10)
    }
    expect(metricsOf(db).wasmBytes).toBeGreaterThan(0)
    expect(metricsOf(db).wasmBytes).toBeLessThan(limits.wasmIdleBytesMax)
    expect(await column(db, 'SELECT a FROM t')).toEqual([1, 2])
  })

  test('attack-29 a grown instance is not replaced under an open transaction', async () => {
    const clock = new ManualClock()
    const db = await openOver(new SimDisk(), {}, clock)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    await growInstance(db)
    await db.exec('INSERT INTO t VALUES (1, 1)')
    await db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (2, 2)')
      await turns(clock, limits.idleCheckpointMs + 10)
      await tx.exec('INSERT INTO t VALUES (3, 3)')
    })
    expect(await column(db, 'SELECT a FROM t')).toEqual([1, 2, 3])
  })

  test('attack-29 what is not folded is read from the log, block by block', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk, { cacheBytes: 0, pragmas: { cacheSize: 10 } })
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    await db.exec(rows(200))
    const before = disk.calls
    expect(await column(db, 'SELECT sum(a) FROM t WHERE b IS NOT NULL')).toEqual([20_100])
    const reads = disk.trace.slice(before).filter(({ kind }) => kind === 'read')
    expect(reads.length).toBeGreaterThan(20)
    for (const { name, bytes } of reads) expect([name.slice(0, 4), bytes]).toEqual(['log-', 4096])
  })

  test('attack-29 a record longer than a segment is there whole or not at all', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    await db.exec('INSERT INTO t VALUES (1, 1)')
    const points: ReturnType<SimDisk['crashPoint']>[] = []
    disk.onChange = () => points.push(disk.crashPoint())
    await db.exec('INSERT INTO t VALUES (2, ?)', ['x'.repeat(limits.segmentBytes + 2_000_000)])
    disk.onChange = () => undefined
    // Everything of the record is written, and nothing of it is behind a barrier.
    const last = points.reduce((most, point) => (point.ops.length > most.ops.length ? point : most), disk.crashPoint())
    const file = last.ops.at(-1)?.inode
    const isOfRecord = (op: (typeof last.ops)[number]) =>
      op.inode === file && op.kind === 'write' && op.bytes.some((byte) => byte !== 0)
    const writes = [...last.ops.keys()].filter((at) => last.ops.slice(at, at + 1).some(isOfRecord))
    expect(writes.length).toBeGreaterThan(5)
    for (const lost of [writes[0], writes.at(-3), writes.at(-1), -1]) {
      const image = imageAfter(
        last,
        last.ops.map((_, at) => (at === lost ? 'dropped' : 'kept')),
      )
      const after = await openOn(new SimDisk(image), { recovery: { verify: 'full' } })
      const ids = await column(after, 'SELECT a FROM t')
      expect(ids).toEqual(lost === -1 ? [1, 2] : [1])
      expect(await isSound(after)).toBe(true)
    }
    expect(await column(await openOn(afterKill(disk)), 'SELECT length(b) FROM t')).toEqual([
      1,
      limits.segmentBytes + 2_000_000,
    ])
  })
})
