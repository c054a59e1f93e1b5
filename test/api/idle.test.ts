/** The checkpoint of an idle database, on a clock that knows of moments that nobody needs. */
import { expect, test } from 'vitest'
import type { DatabaseEvent } from '../../src/index.ts'
import { limits } from '../../src/limits.ts'
import { turns } from '../attacks/world.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { recordEvents } from './harness.ts'
import { openOn } from './sim-place.ts'

/** Such a moment comes when the test says so. */
class ClockWithIdle extends ManualClock {
  readonly waiting = new Set<() => void>()

  idle(fn: () => void): () => void {
    this.waiting.add(fn)
    return () => void this.waiting.delete(fn)
  }

  beIdle(): void {
    for (const fn of this.waiting) {
      this.waiting.delete(fn)
      fn()
    }
  }
}

async function openIdle() {
  const clock = new ClockWithIdle()
  const db = await openOn(new SimDisk(), {}, clock)
  const events = recordEvents(db)
  await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
  return { clock, db, events }
}

const checkpoints = (events: readonly DatabaseEvent[]) => events.filter(({ type }) => type === 'checkpoint.finished')

test('it waits for the moment, and runs in it', async () => {
  const { clock, events } = await openIdle()
  await turns(clock, limits.idleCheckpointMs - 1)
  expect(clock.waiting.size).toBe(0)
  await turns(clock, limits.idleCheckpointMs)
  expect(clock.waiting.size).toBe(1)
  expect(checkpoints(events)).toEqual([])
  clock.beIdle()
  await turns(clock, 0)
  expect(checkpoints(events)).toHaveLength(1)
})

test('a commit before the moment puts it off', async () => {
  const { clock, db, events } = await openIdle()
  await turns(clock, limits.idleCheckpointMs)
  expect(clock.waiting.size).toBe(1)
  await db.exec('INSERT INTO t VALUES (1)')
  clock.beIdle()
  await turns(clock, limits.idleCheckpointMs - 1)
  expect(checkpoints(events)).toEqual([])
  await turns(clock, 1)
  clock.beIdle()
  await turns(clock, 0)
  expect(checkpoints(events)).toHaveLength(1)
})

test('closing does not wait for it, and nothing is left behind', async () => {
  const { clock, db } = await openIdle()
  await turns(clock, limits.idleCheckpointMs)
  expect(clock.waiting.size).toBe(1)
  await db.close()
  expect(clock.waiting.size).toBe(0)
})
