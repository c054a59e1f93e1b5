/** Writes whose outcome is in doubt, and folds of what a power loss may still take. */
import { describe, expect, test } from 'vitest'
import { codeOf, errorOf } from '../api/harness.ts'
import { openOn } from '../api/sim-place.ts'
import { type CrashPoint, eachImage } from '../model/crash-images.ts'
import { openStore } from '../model/open-store.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { type DiskImage, hashOfDisk } from '../model/sim-image.ts'
import { blockNo, txid } from '../../src/units.ts'
import { afterKill, afterPowerLoss, column, openTable, unhurried } from './world.ts'

const insert = (id: number) => ['INSERT INTO t VALUES (?)', [id]] as const

/** What a later opener finds after each accident that the point allows. */
async function foundAfter(points: readonly CrashPoint[], crossedMax: number): Promise<Set<string>> {
  const images = new Map<string, DiskImage>()
  for (const point of points)
    eachImage(point, { damagedMax: 1, crossedMax }, (image) => void images.set(hashOfDisk(image), image))
  const found = new Set<string>()
  for (const image of images.values()) {
    const db = await openOn(new SimDisk(image))
    found.add((await column(db, 'SELECT a FROM t')).join())
    await db.close()
  }
  return found
}

describe('attack-09', () => {
  for (const kind of ['write', 'flush'] as const) {
    test(`attack-09 a commit whose ${kind} failed is rejected once and for all: no accident brings it back`, async () => {
      const { disk, db } = await openTable()
      await db.exec(...insert(1))
      disk.setFault({ nth: 1, kinds: [kind], isLasting: false, error: 'EIO', applied: 'half' })
      const error = await errorOf(db.exec(...insert(2)))
      expect(disk.faultsFired).toBe(1)
      expect(error.outcome).toBeUndefined()
      expect(await foundAfter([disk.crashPoint()], 3)).toEqual(new Set(['1']))
      await db.exec(...insert(3))
      const points: CrashPoint[] = [disk.crashPoint()]
      expect(await foundAfter(points, 3)).toEqual(new Set(['1,3']))
      expect(await column(await openOn(afterKill(disk)), 'SELECT a FROM t')).toEqual([1, 3])
    })
  }

  test('attack-09 a record that was refused is written again as it is, and its caller is answered once', async () => {
    const { disk, db } = await openTable()
    const big = 'x'.repeat(6_000_000)
    await db.exec('CREATE TABLE b (text TEXT)')
    disk.setFault({ nth: 3, kinds: ['write'], isLasting: true, error: 'ENOSPC', applied: 'nothing' })
    let answers = 0
    const writing = db.exec('INSERT INTO b VALUES (?)', [big]).then(({ receipt }) => {
      answers++
      return receipt
    })
    await new Promise<void>((resolve) => {
      db.events$.subscribe((event) => event.type === 'sync.failed' && event.willRetry && resolve())
    })
    disk.heal()
    const { epoch, txid: written } = await writing
    expect([answers, epoch, written]).toEqual([1, 1, 3])
    expect(await column(await openOn(afterPowerLoss(disk)), 'SELECT length(text) FROM b')).toEqual([6_000_000])
  })

  test('attack-09 positions never fall within an epoch', async () => {
    const { disk, db } = await openTable({ ...unhurried, durability: 'deferred' })
    await db.forceSync()
    const receipts = []
    for (let id = 1; id < 12; id++) {
      if (id % 4 === 0) disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
      receipts.push((await db.exec(...insert(id))).receipt)
      if (id % 4 === 0) expect(await codeOf(db.forceSync())).toBe('STORAGE_FAILED')
    }
    expect(disk.faultsFired).toBe(2)
    for (const [at, { epoch, txid }] of receipts.entries()) {
      const before = receipts[at - 1]
      if (before === undefined) continue
      expect(epoch).toBeGreaterThanOrEqual(before.epoch)
      if (epoch === before.epoch) expect(txid).toBe(before.txid + 1)
    }
  })
})

describe('attack-11', () => {
  test('attack-11 a fold of what was only written makes it durable first: whatever the power takes, the home is whole', async () => {
    const disk = new SimDisk()
    const store = await openStore(disk)
    const commit = (last: number, fill: number) =>
      store.append({
        firstTxid: txid(last),
        lastTxid: txid(last),
        sizeBlocks: 3,
        blocks: new Map([0, 1, 2].map((at) => [blockNo(at), new Uint8Array(4096).fill(fill)])),
        freed: new Set(),
        requests: [],
        timeMs: 0,
      })
    await commit(1, 1)
    await store.checkpoint({ everything: true })
    await commit(2, 2)
    expect(store.positions).toMatchObject({ writtenTxid: 2, durableTxid: 1, checkpointedTxid: 1 })
    const points: CrashPoint[] = []
    disk.onChange = () => {
      const { writtenTxid, durableTxid, checkpointedTxid } = store.positions
      expect(durableTxid).toBeLessThanOrEqual(writtenTxid)
      expect(checkpointedTxid).toBeLessThanOrEqual(durableTxid)
      points.push(disk.crashPoint())
    }
    await store.checkpoint({ everything: true })
    disk.onChange = () => undefined
    const found = new Set<string>()
    const images = new Map<string, DiskImage>()
    for (const point of points)
      eachImage(point, { damagedMax: 0, crossedMax: 5 }, (image) => void images.set(hashOfDisk(image), image))
    for (const image of images.values()) {
      const recovered = await openStore(new SimDisk(image))
      const into = new Uint8Array(4096)
      const fills = [0, 1, 2].map((at) => (recovered.read(blockNo(at), into), into[0]))
      found.add(fills.join())
    }
    expect([...found].sort()).toEqual(['1,1,1', '2,2,2'])
  })
})
