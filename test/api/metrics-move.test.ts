/** Metrics that stay at zero on good days, moved by what they are there to tell. Time moves only when it is told to. */
import { firstValueFrom } from 'rxjs'
import { expect, test } from 'vitest'
import type { Database, Metrics } from '../../src/index.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { withFlippedBit } from '../model/sim-image.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { codeOf } from './harness.ts'
import { openOn } from './sim-place.ts'

const sampleMs = 250
const windowMs = 10_000

/** What a subscriber that was there from the start has been told. */
function samplesOf<Name extends keyof Metrics>(db: Database, name: Name): Metrics[Name][] {
  const told: Metrics[Name][] = []
  db.metrics$.subscribe((metrics) => told.push(metrics[name]))
  return told
}

test('errorRate is the share of syncs that failed, and falls back when they are ten seconds old', async () => {
  const clock = new ManualClock()
  const disk = new SimDisk()
  const db = await openOn(disk, {}, clock)
  const rates = samplesOf(db, 'errorRate')
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
  disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
  expect(await codeOf(db.exec('INSERT INTO t VALUES (1)'))).toBe('STORAGE_FAILED')
  expect(disk.faultsFired).toBe(1)
  clock.advance(sampleMs)
  expect(rates).toEqual([0, 0.5])
  for (const id of [2, 3]) await db.exec('INSERT INTO t VALUES (?)', [id])
  clock.advance(sampleMs)
  expect(rates).toEqual([0, 0.5, 0.25])
  clock.advance(windowMs + sampleMs)
  expect(rates.at(-1)).toBe(0)
})

/** A row of several blocks, all of them in the home. */
async function closedStore(): Promise<SimDisk> {
  const disk = new SimDisk()
  const db = await openOn(disk)
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
  await db.exec('INSERT INTO t VALUES (1, ?)', ['y'.repeat(30_000)])
  await db.close()
  return disk
}

test('checksumFailures counts the reads that met damage, and those who listen are told', async () => {
  const disk = await closedStore()
  const damaged = withFlippedBit(disk.image(), { name: 'database.sqlite', byte: 3 * 4096 + 100, bit: 0 })
  const clock = new ManualClock()
  const lenient = await openOn(new SimDisk(damaged), { recovery: { verify: 'none' } }, clock)
  const failures = samplesOf(lenient, 'checksumFailures')
  expect(failures).toEqual([0])
  const read = () => codeOf(lenient.query('SELECT count(*) FROM t WHERE text LIKE ?', ['%z']))
  expect(await read()).toBe('CHECKSUM_MISMATCH')
  clock.advance(sampleMs)
  expect(failures).toEqual([0, 1])
  expect(await read()).toBe('CHECKSUM_MISMATCH')
  clock.advance(sampleMs)
  expect(failures).toEqual([0, 1, 2])
})

test('checksumFailures does not count what could not be read', async () => {
  const disk = new SimDisk((await closedStore()).image())
  const db = await openOn(disk, { recovery: { verify: 'none' } })
  disk.setFault({ nth: 1, kinds: ['read'], name: 'database.sqlite', isLasting: false, error: 'EIO' })
  const read = () => db.query('SELECT length(text) AS length FROM t')
  expect(await codeOf(read())).toBe('STORAGE_FAILED')
  expect(disk.faultsFired).toBe(1)
  expect(await read()).toEqual([{ length: 30_000 }])
  expect(await firstValueFrom(db.metrics$)).toMatchObject({ checksumFailures: 0 })
})
