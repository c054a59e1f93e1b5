/** A medium that refuses, fails and comes back, under the whole database. */
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../src/effects/ports.ts'
import type { Database } from '../../src/index.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { type DiskImage, withFlippedBit } from '../model/sim-image.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { codeOf, errorOf, recordEvents } from './harness.ts'
import { openOn } from './sim-place.ts'

async function openTable(
  options = {},
  clock?: Clock,
): Promise<{ disk: SimDisk; db: Database; ids: () => Promise<unknown[]> }> {
  const disk = new SimDisk()
  const db = await openOn(disk, options, clock)
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
  const ids = async () =>
    (await db.query<readonly number[]>('SELECT id FROM t ORDER BY id', [], { rowMode: 'array' })).flat()
  return { disk, db, ids }
}

/** What a later opener finds, whether the process ends or the power. */
async function idsAfter(disk: SimDisk): Promise<unknown[]> {
  const db = await openOn(new SimDisk(disk.image()), { recovery: { verify: 'full' } })
  expect(await db.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  return (await db.query<readonly number[]>('SELECT id FROM t ORDER BY id', [], { rowMode: 'array' })).flat()
}

describe('a failed write or barrier', () => {
  for (const kind of ['write', 'flush'] as const) {
    test(`${kind}: its callers are rejected with the cause, nothing of it stays, and the next write works`, async () => {
      const { disk, db, ids } = await openTable()
      const events = recordEvents(db)
      await db.exec('INSERT INTO t VALUES (1, ?)', ['kept'])
      disk.setFault({ nth: 1, kinds: [kind], isLasting: false, error: 'EIO', applied: 'half' })
      const error = await errorOf(db.exec('INSERT INTO t VALUES (2, ?)', ['lost']))
      expect(disk.faultsFired).toBe(1)
      expect(error).toMatchObject({ code: 'STORAGE_FAILED', retryable: true })
      expect(error.outcome).toBeUndefined()
      expect(error.cause).toBeDefined()
      expect(await ids()).toEqual([1])
      const { receipt } = await db.exec('INSERT INTO t VALUES (3, ?)', ['after'])
      expect(await ids()).toEqual([1, 3])
      await db.durable(receipt)
      const types = events.map(({ type }) => type)
      expect(types).toContain('storage.failed')
      expect(types).toContain('sync.failed')
      expect(await idsAfter(disk)).toEqual([1, 3])
    })
  }

  test('everyone of the group and everything sealed later is rejected, reads see what the store has', async () => {
    const { disk, db, ids } = await openTable({}, new ManualClock())
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    const codes = await Promise.all([1, 2, 3].map((id) => codeOf(db.exec('INSERT INTO t VALUES (?, NULL)', [id]))))
    expect(codes).toEqual(['STORAGE_FAILED', 'STORAGE_FAILED', 'STORAGE_FAILED'])
    expect(await ids()).toEqual([])
    expect(await idsAfter(disk)).toEqual([])
  })

  test('an open transaction ends with it', async () => {
    const { disk, db, ids } = await openTable({ syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000 } })
    const { receipt } = await db.exec('INSERT INTO t VALUES (1, NULL)', [], { durability: 'deferred' })
    const error = await errorOf(
      db.transaction(async (tx) => {
        await tx.exec('INSERT INTO t VALUES (2, NULL)')
        disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
        expect(await codeOf(db.durable(receipt))).toBe('COMMIT_LOST')
        await tx.exec('INSERT INTO t VALUES (3, NULL)')
      }),
    )
    expect(error.code).toBe('STORAGE_FAILED')
    expect(await ids()).toEqual([])
    await db.exec('INSERT INTO t VALUES (4, NULL)')
    expect(await idsAfter(disk)).toEqual([4])
  })

  test('a disk that fails on: the outcome is unknown, requests wait, and go on when it is back', async () => {
    const { disk, db } = await openTable()
    disk.setFault({ nth: 1, kinds: ['write', 'flush', 'truncate'], isLasting: true, error: 'EIO' })
    const error = await errorOf(db.exec('INSERT INTO t VALUES (1, NULL)'))
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', outcome: 'unknown' })
    expect(await codeOf(db.exec('INSERT INTO t VALUES (2, NULL)', [], { deadlineMs: 50 }))).toBe('DEADLINE_EXCEEDED')
    const waiting = db.exec('INSERT INTO t VALUES (3, NULL)')
    disk.heal()
    await waiting
    expect(await idsAfter(disk)).toEqual([3])
  })

  test('a commit whose epoch cannot be read behind its barrier is not acknowledged, and is gone when it is made void', async () => {
    const { disk, db } = await openTable()
    await db.exec('INSERT INTO t VALUES (1, NULL)')
    disk.setFault({ nth: 1, kinds: ['read'], name: 'header', isLasting: true, error: 'EIO' })
    const error = await errorOf(db.exec('INSERT INTO t VALUES (2, NULL)'))
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', outcome: 'unknown' })
    expect(disk.faultsFired).toBeGreaterThan(0)
    disk.heal()
    await db.exec('INSERT INTO t VALUES (3, NULL)')
    expect(await idsAfter(disk)).toEqual([1, 3])
  })

  test('barriers that fail on, the one of the new series too: callers are told at once, and the next write works', async () => {
    const { disk, db } = await openTable()
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: true, error: 'EIO' })
    const levels = ['strict', 'relaxed'] as const
    const told = levels.map((durability, at) =>
      errorOf(db.exec('INSERT INTO t VALUES (?, NULL)', [1 + at], { durability })),
    )
    for (const error of await Promise.all(told))
      expect(error).toMatchObject({ code: 'STORAGE_FAILED', outcome: 'unknown' })
    disk.heal()
    await db.exec('INSERT INTO t VALUES (3, NULL)')
    expect(await idsAfter(disk)).toEqual([3])
  })

  test('deferred commits that are lost are told as such', async () => {
    const { disk, db, ids } = await openTable({ syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000 } })
    const events = recordEvents(db)
    const { receipt } = await db.exec('INSERT INTO t VALUES (1, NULL)', [], { durability: 'deferred' })
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    expect(await codeOf(db.forceSync())).toBe('STORAGE_FAILED')
    expect(events.find(({ type }) => type === 'commits.lost')).toEqual({
      type: 'commits.lost',
      epoch: receipt.epoch,
      from: receipt.txid,
      to: receipt.txid,
    })
    expect(await codeOf(db.durable(receipt))).toBe('COMMIT_LOST')
    const again = await db.exec('INSERT INTO t VALUES (2, NULL)')
    expect(again.receipt.txid).toBe(receipt.txid)
    expect(again.receipt.epoch).toBeGreaterThan(receipt.epoch)
    expect(await codeOf(db.durable(receipt))).toBe('COMMIT_LOST')
    expect(await ids()).toEqual([2])
  })

  test('relaxed commits that were answered survive the failure of a later barrier', async () => {
    const { disk, db, ids } = await openTable({ syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000 } })
    await db.exec('INSERT INTO t VALUES (1, NULL)', [], { durability: 'relaxed' })
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    expect(await codeOf(db.exec('INSERT INTO t VALUES (2, NULL)'))).toBe('STORAGE_FAILED')
    expect(disk.faultsFired).toBe(1)
    expect(await ids()).toEqual([1])
    await db.exec('INSERT INTO t VALUES (3, NULL)')
    expect(await idsAfter(disk)).toEqual([1, 3])
  })
})

/** The log has space set aside; writes fail from where it has to grow: behind the header and the first record of its next segment. */
const fillDisk = (disk: SimDisk) =>
  disk.setFault({ nth: 3, kinds: ['write'], isLasting: true, error: 'ENOSPC', applied: 'nothing' })

describe('a full disk', () => {
  test('the group is kept and written when there is space again', async () => {
    const { disk, db, ids } = await openTable()
    const events = recordEvents(db)
    const big = 'x'.repeat(6_000_000)
    fillDisk(disk)
    const waiting = db.exec('INSERT INTO t VALUES (1, ?)', [big])
    await new Promise<void>((resolve) => {
      db.events$.subscribe((event) => event.type === 'sync.failed' && event.willRetry && resolve())
    })
    expect(disk.faultsFired).toBeGreaterThan(0)
    disk.heal()
    await waiting
    expect(await ids()).toEqual([1])
    expect(events.filter(({ type }) => type === 'sync.failed')).not.toEqual([])
    expect(await idsAfter(disk)).toEqual([1])
  })

  test('a caller whose deadline passes is told why, and that the outcome is open', async () => {
    const { disk, db } = await openTable()
    fillDisk(disk)
    const error = await errorOf(db.exec('INSERT INTO t VALUES (1, ?)', ['x'.repeat(6_000_000)], { deadlineMs: 100 }))
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown', cause: { code: 'STORAGE_FULL' } })
  })

  test('a caller who was held and never run is told why, too', async () => {
    const { disk, db, ids } = await openTable({ backpressure: { highBytes: 1_000_000, normalBytes: 500_000 } })
    fillDisk(disk)
    const first = errorOf(db.exec('INSERT INTO t VALUES (1, ?)', ['x'.repeat(6_000_000)], { deadlineMs: 2000 }))
    await new Promise<void>((resolve) => {
      db.events$.subscribe((event) => event.type === 'sync.failed' && resolve())
    })
    const held = await errorOf(db.exec('INSERT INTO t VALUES (2, NULL)', [], { deadlineMs: 200 }))
    expect(held).toMatchObject({ code: 'DEADLINE_EXCEEDED', retryable: true, cause: { code: 'STORAGE_FULL' } })
    expect(held.outcome).toBeUndefined()
    await first
    disk.heal()
    await db.forceSync()
    expect(await ids()).toEqual([1])
  })

  test('closing gives up after a bound, says so, and loses nothing that was acknowledged', async () => {
    const { disk, db } = await openTable({
      durability: 'deferred',
      syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000 },
    })
    await db.exec('INSERT INTO t VALUES (1, NULL)', [], { durability: 'strict' })
    await db.exec('INSERT INTO t VALUES (2, ?)', ['x'.repeat(6_000_000)])
    fillDisk(disk)
    expect(await codeOf(db.close())).toBe('STORAGE_FULL')
    expect(await idsAfter(disk)).toEqual([1])
  })
})

describe('a damaged block', () => {
  /** Rows on its leaf, or with `isLong` a part of a text. */
  async function damagedAt3({ isLong = false } = {}): Promise<DiskImage> {
    const { disk, db } = await openTable()
    const text = 'y'.repeat(isLong ? 30_000 : 100)
    const length = isLong ? 1 : 300
    await db.batch(Array.from({ length }, (_, id) => ({ sql: 'INSERT INTO t VALUES (?, ?)', params: [id, text] })))
    await db.close()
    return withFlippedBit(disk.image(), { name: 'database.sqlite', byte: 3 * 4096 + 100, bit: 0 })
  }

  test('is never served: the read names it, and an event tells', async () => {
    const damaged = await damagedAt3()
    expect(await codeOf(openOn(new SimDisk(damaged), { recovery: { verify: 'full' } }))).toBe('CHECKSUM_MISMATCH')
    const lenient = await openOn(new SimDisk(damaged), { recovery: { verify: 'none' } })
    const events = recordEvents(lenient)
    const error = await errorOf(lenient.query('SELECT sum(length(text)) FROM t'))
    expect(error).toMatchObject({ code: 'CHECKSUM_MISMATCH', details: { blockNo: 3 } })
    expect(events.find(({ type }) => type === 'checksum.mismatched')).toMatchObject({ blockNo: 3 })
  })

  test('that SQLite passes over when it checks all of them is told all the same', async () => {
    const db = await openOn(new SimDisk(await damagedAt3({ isLong: true })), { recovery: { verify: 'none' } })
    const events = recordEvents(db)
    const [found] = await db.query('PRAGMA integrity_check')
    expect(found).toEqual({ integrity_check: expect.stringContaining('failed to get page 4') })
    const told = () => events.filter(({ type }) => type === 'checksum.mismatched')
    expect(told()).toEqual([expect.objectContaining({ blockNo: 3, file: 'database.sqlite' })])
    await db.query('SELECT 1')
    expect(told()).toHaveLength(1)
  })
})
