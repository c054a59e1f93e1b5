/** Requests that are asked again, levels that may lose and say so, and the longest that a commit stays behind. */
import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/index.ts'
import { limits } from '../../src/limits.ts'
import { codeOf, recordEvents } from '../api/harness.ts'
import { openOn } from '../api/sim-place.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { type DiskImage, hashOfDisk } from '../model/sim-image.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { afterKill, afterPowerLoss, column, openOver, openTable, unhurried } from './world.ts'

/** Every different disk that a kill or a power loss leaves while `work` runs. */
async function accidentsDuring(disk: SimDisk, work: () => Promise<unknown>): Promise<DiskImage[]> {
  const images = new Map<string, DiskImage>()
  const keep = () => {
    for (const left of [afterKill(disk), afterPowerLoss(disk)]) images.set(hashOfDisk(left.image()), left.image())
  }
  keep()
  disk.onChange = keep
  await work()
  keep()
  disk.onChange = () => undefined
  return [...images.values()]
}

describe('attack-15', () => {
  const eager = { intervalMs: 0, debounceMs: 0, maxWaitMs: 1000, maxDirtyBlocks: 1, maxDirtyBytes: 1 }
  const two = (db: Database) => db.exec('INSERT INTO r VALUES (1); INSERT INTO r VALUES (2)', [], { requestId: 'c:1' })

  for (const durability of ['strict', 'deferred'] as const) {
    test(`attack-15 a ${durability} request of two commits, asked again after any accident, has happened once`, async () => {
      const disk = new SimDisk()
      const db = await openOver(disk, { durability, syncPolicy: eager })
      await db.exec('CREATE TABLE r (a)', [], { durability: 'strict' })
      const images = await accidentsDuring(disk, () => two(db))
      const found = new Set<string>()
      for (const image of images) {
        const after = await openOn(new SimDisk(image))
        found.add((await column(after, 'SELECT a FROM r')).join())
        await two(after)
        expect(await column(after, 'SELECT a FROM r')).toEqual([1, 2])
        await after.close()
      }
      expect([...found].sort()).toEqual(['', '1,2'])
    })
  }

  test('attack-15 that a request failed midway is known after any accident, and its first half is not done again', async () => {
    const disk = new SimDisk()
    const db = await openOver(disk, { syncPolicy: eager })
    await db.exec('CREATE TABLE r (a); CREATE TABLE u (a UNIQUE); INSERT INTO u VALUES (1)')
    const half = (on: Database) =>
      on.exec('INSERT INTO r VALUES (1); INSERT INTO u VALUES (1)', [], { requestId: 'c:1' })
    const images = await accidentsDuring(disk, () => codeOf(half(db)))
    for (const image of images) {
      const after = await openOn(new SimDisk(image))
      const wasKept = (await column(after, 'SELECT a FROM r')).length === 1
      if (wasKept) await after.exec('DELETE FROM u')
      expect(await codeOf(half(after))).toBe('SQL_ERROR')
      expect(await column(after, 'SELECT a FROM r')).toEqual([1])
      await after.close()
    }
  })

  test('attack-15 rows beyond what is kept are said not to be kept, and the request is not run again', async () => {
    const { disk, db } = await openTable()
    const ask = (on: Database) =>
      on.query('INSERT INTO t VALUES (1) RETURNING hex(zeroblob(?))', [limits.outcomeRowsBytesMax], {
        requestId: 'c:1',
      })
    expect(await ask(db)).toHaveLength(1)
    expect(await codeOf(ask(db))).toBe('OUTCOME_NOT_KEPT')
    const after = await openOn(afterPowerLoss(disk))
    expect(await codeOf(ask(after))).toBe('OUTCOME_NOT_KEPT')
    expect(await column(after, 'SELECT a FROM t')).toEqual([1])
  })
})

describe('attack-16', () => {
  const insert = (on: Database, requestId: string, a: number) => on.exec('INSERT INTO t VALUES (?)', [a], { requestId })

  test('attack-16 a client that was forgotten does not run its first request again, after any accident; a new one runs', async () => {
    const { disk, db } = await openTable()
    await insert(db, 'old:1', -1)
    for (let no = 0; no < limits.clientsMax; no++) await insert(db, `other${no}:1`, no)
    const kept = [-1, ...Array.from({ length: limits.clientsMax }, (_, no) => no)]
    const asksAgain = async (on: Database) => {
      for (const requestId of ['old:1', 'old:2'])
        await expect(insert(on, requestId, -1)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' })
      await insert(on, 'other0:1', 0)
      expect(await column(on, 'SELECT a FROM t ORDER BY a')).toEqual(kept)
    }
    await asksAgain(db)
    const left = [afterKill(disk), afterPowerLoss(disk)]
    await db.close()
    for (const accident of [...left, disk]) {
      const after = await openOn(accident)
      await asksAgain(after)
      await after.close()
      const again = await openOn(accident)
      await asksAgain(again)
      await insert(again, 'new:1', 1000)
      expect(await column(again, 'SELECT max(a) FROM t')).toEqual([1000])
      await again.close()
    }
  })
})

describe('attack-24', () => {
  const cases = [
    ['strict', afterKill, 5],
    ['strict', afterPowerLoss, 5],
    ['relaxed', afterKill, 5],
    ['relaxed', afterPowerLoss, 2],
    ['deferred', afterKill, 2],
    ['deferred', afterPowerLoss, 2],
  ] as const

  test('attack-24 each level loses what it may lose and no more, and always a suffix', async () => {
    for (const [durability, accident, kept] of cases) {
      const { disk, db } = await openTable({ ...unhurried, durability })
      for (const id of [1, 2, 3, 4, 5]) {
        await db.exec('INSERT INTO t VALUES (?)', [id])
        if (id === 2) await db.forceSync()
      }
      const left = await column(await openOn(accident(disk)), 'SELECT a FROM t')
      expect([durability, accident.name, left.length]).toEqual([durability, accident.name, kept])
      expect(left).toEqual([1, 2, 3, 4, 5].slice(0, kept))
    }
  })

  test('attack-24 what a definite failure takes from commits that were answered is told, and durable() rejects', async () => {
    const { disk, db } = await openTable({ ...unhurried, durability: 'deferred' })
    await db.forceSync()
    const events = recordEvents(db)
    const receipts = []
    for (const id of [1, 2, 3]) receipts.push((await db.exec('INSERT INTO t VALUES (?)', [id])).receipt)
    disk.setFault({ nth: 1, kinds: ['write'], isLasting: false, error: 'EIO' })
    expect(await codeOf(db.forceSync())).toBe('STORAGE_FAILED')
    const [first, , last] = receipts
    expect(events.filter(({ type }) => type === 'commits.lost')).toEqual([
      { type: 'commits.lost', epoch: first?.epoch, from: first?.txid, to: last?.txid },
    ])
    for (const receipt of receipts) expect(await codeOf(db.durable(receipt))).toBe('COMMIT_LOST')
    expect(await column(db, 'SELECT a FROM t')).toEqual([])
    await db.durable((await db.exec('INSERT INTO t VALUES (4)')).receipt)
    for (const receipt of receipts) expect(await codeOf(db.durable(receipt))).toBe('COMMIT_LOST')
  })
})

class CountingClock extends ManualClock {
  armedTimes = 0

  override after(ms: number, fn: () => void): () => void {
    this.armedTimes++
    return super.after(ms, fn)
  }
}

describe('attack-25', () => {
  test('attack-25 a write every 40 ms does not put the flush off for ever: nothing is behind for longer than maxWaitMs', async () => {
    const clock = new CountingClock()
    const syncPolicy = { intervalMs: 0, debounceMs: 50, maxWaitMs: 1000, maxDirtyBlocks: 1, maxDirtyBytes: 0 }
    const db = await openOver(new SimDisk(), { durability: 'deferred', syncPolicy }, clock)
    const sealedAtMs = new Map<number, number>()
    const lags: number[] = []
    const triggers = new Set<string>()
    db.events$.subscribe((event) => {
      if (event.type !== 'sync.succeeded') return
      triggers.add(event.trigger)
      for (const [txid, atMs] of sealedAtMs) {
        if (txid > event.txidTo) continue
        lags.push(clock.now() - atMs)
        sealedAtMs.delete(txid)
      }
    })
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    for (let write = 0; write < 100; write++) {
      const { receipt } = await db.exec('INSERT INTO t DEFAULT VALUES')
      sealedAtMs.set(receipt.txid, clock.now())
      clock.advance(40)
    }
    expect(lags.length).toBeGreaterThan(70)
    expect(Math.max(...lags)).toBeLessThanOrEqual(1000)
    expect(Math.max(...lags)).toBeGreaterThan(900)
    expect([...triggers]).toEqual(['maxWait'])
    // A write moves a timestamp; it does not arm a timer of its own.
    const armed = clock.armedTimes
    for (let write = 0; write < 100; write++) await db.exec('INSERT INTO t DEFAULT VALUES')
    expect(clock.armedTimes - armed).toBeLessThanOrEqual(3)
  })
})
