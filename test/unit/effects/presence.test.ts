/** When it is looked whether a store is still there, and who is told that it is not. */
import { expect, test } from 'vitest'
import { Presence } from '../../../src/effects/presence.ts'
import { DatabaseError } from '../../../src/errors.ts'
import { limits } from '../../../src/limits.ts'
import { ManualClock } from './manual-clock.ts'

const lost = new DatabaseError('STORE_LOST', 'gone')
const unseen = new DatabaseError('STORAGE_FAILED', 'the medium does not answer')

function watched() {
  const clock = new ManualClock()
  const world = { failure: undefined as DatabaseError | undefined, looks: 0, told: [] as string[] }
  const look = async () => {
    world.looks++
    if (world.failure !== undefined) throw world.failure
  }
  const presence = new Presence({ look, clock, onLost: ({ code }) => void world.told.push(code) })
  return { clock, world, presence }
}

/** A turn for what was begun by a timer. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('the first answer, and one after a pause, wait for a look; those between do not', async () => {
  const { clock, world, presence } = watched()
  await presence.assert()
  expect(world.looks).toBe(1)
  clock.advance(limits.lookMsMax / 4)
  expect(presence.assert()).toBeUndefined()
  await settled()
  clock.advance(10 * limits.lookMsMax)
  await settled()
  const before = world.looks
  await presence.assert()
  expect(world.looks).toBe(before + 1)
})

test('while answers are given there are looks behind them, and when none is given there are none', async () => {
  const { clock, world, presence } = watched()
  await presence.assert()
  for (let ms = 0; ms < 10_000; ms += 50) {
    clock.advance(50)
    await settled()
    expect(presence.assert()).toBeUndefined()
  }
  expect(world.looks).toBeGreaterThan(10_000 / limits.lookMsMax)
  expect(world.looks).toBeLessThanOrEqual(1 + 10_000 / limits.lookEveryMs)
  clock.advance(limits.lookEveryMs)
  await settled()
  expect(clock.armedCount).toBe(0)
})

test('the last answer has a look behind it, which tells of the loss', async () => {
  const { clock, world, presence } = watched()
  await presence.assert()
  world.failure = lost
  expect(presence.assert()).toBeUndefined()
  clock.advance(limits.lookEveryMs)
  await settled()
  expect(world.told).toEqual(['STORE_LOST'])
})

test('whoever waits for a look that finds nothing is refused, and it is told unless the store was let go by then', async () => {
  for (const isLetGo of [false, true]) {
    const { clock, world, presence } = watched()
    world.failure = lost
    await expect(presence.assert()).rejects.toBe(lost)
    if (isLetGo) presence.stop()
    clock.advance(0)
    await settled()
    expect(world.told).toEqual(isLetGo ? [] : ['STORE_LOST'])
  }
})

test('a look that sees nothing is no loss: nobody is told, and the next answer waits for one that sees', async () => {
  const { clock, world, presence } = watched()
  await presence.assert()
  world.failure = unseen
  for (const _ of [1, 2]) {
    clock.advance(2 * limits.lookMsMax)
    await settled()
    await expect(presence.assert()).rejects.toBe(unseen)
  }
  expect(world.told).toEqual([])
  world.failure = undefined
  await presence.assert()
})
