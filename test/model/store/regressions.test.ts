/** Scenarios that once broke the store, each named after what it broke, as short as they could be made. */
import { describe, expect, test } from 'vitest'
import { type CrashPoint, type DiskOp, type Fate, imageAfter } from '../crash-images.ts'
import { recover } from '../crash/crash-checker.ts'
import { judge, lastState } from '../reference.ts'
import { SimDisk } from '../sim-disk.ts'
import type { DiskImage } from '../sim-image.ts'
import { StoreWorld } from '../store-world.ts'

async function openWorld(): Promise<StoreWorld> {
  const world = new StoreWorld(new SimDisk())
  await world.open()
  return world
}

describe('a series that was begun anew', () => {
  test('voids what stands behind it also when an older segment between them continues from a record that is gone', async () => {
    const world = await openWorld()
    await world.append(world.groupFor('one'))
    await world.append(world.groupFor('two'))
    world.disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    await expect(world.checkpoint({ everything: true })).rejects.toThrow('EIO')
    expect(world.disk.faultsFired).toBe(1)
    await world.voidAfterFailure()
    const { state } = await recover(world.disk.image())
    expect(state?.txid).toBe(lastState(world.history).txid)
    expect(state && judge(state, world.history)).toBeUndefined()
  })

  test('that failed at its header is begun again: the header that failed is not taken for another writer', async () => {
    const world = await openWorld()
    await world.do('one')
    world.disk.setFault({ nth: 1, kinds: ['flush'], isLasting: true, error: 'EIO' })
    await expect(world.do('two')).rejects.toThrow('EIO')
    await expect(world.voidAfterFailure()).rejects.toThrow('EIO')
    world.disk.heal()
    await world.voidAfterFailure()
    await world.do('one')
    expect(world.disk.faultsFired).toBe(2)
    const { state } = await recover(droppingAll(world.disk))
    expect(state && judge(state, world.history)).toBeUndefined()
  })

  test('continues from a record that is behind a barrier, not from what a new segment carries', async () => {
    const world = await openWorld()
    await world.do('two')
    await world.do('relaxed')
    world.disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    await expect(world.barrier()).rejects.toThrow('EIO')
    await world.voidAfterFailure()
    expect([world.disk.faultsFired, world.history.durableTxid]).toEqual([1, 2])
    const { state } = await recover(droppingAll(world.disk))
    expect(state && judge(state, world.history)).toBeUndefined()
  })
})

describe('the header', () => {
  test('has one whole slot at every moment of a close and the next open, whatever unsynced writes become', async () => {
    const world = await openWorld()
    await world.do('one')
    const points: CrashPoint[] = []
    world.disk.onChange = () => points.push(world.disk.crashPoint())
    await world.do('reopen')
    for (const point of points) {
      const { state, error } = await recover(imageAfter(point, point.ops.map(trashed)))
      expect(error).toBeUndefined()
      expect(state && judge(state, world.history)).toBeUndefined()
    }
    expect(points.length).toBeGreaterThan(10)
  })

  test('of a store that is being made is damaged in one slot at most', async () => {
    const world = new StoreWorld(new SimDisk())
    const points: CrashPoint[] = []
    world.disk.onChange = () => points.push(world.disk.crashPoint())
    await world.open()
    for (const point of points) {
      const { state, error } = await recover(imageAfter(point, point.ops.map(trashed)))
      expect(error).toBeUndefined()
      expect(state?.txid).toBe(0)
    }
    expect(points.length).toBeGreaterThan(10)
  })
})

describe('a checkpoint', () => {
  test('whose header failed may have left it on the medium: the next one changes no table page that it vouches for', async () => {
    const world = await openWorld()
    await world.do('two')
    world.disk.setFault({ nth: 1, name: 'header', kinds: ['flush'], isLasting: false, error: 'EIO' })
    await expect(world.do('checkpoint')).rejects.toThrow('EIO')
    expect([world.disk.faultsFired, world.isVoidOwed]).toEqual([1, false])
    await world.do('free')
    const points: CrashPoint[] = []
    world.disk.onChange = () => points.push(world.disk.crashPoint())
    await world.do('checkpoint')
    for (const point of points) {
      const { state, error } = await recover(
        imageAfter(
          point,
          point.ops.map(() => 'kept'),
        ),
      )
      expect(error).toBeUndefined()
      expect(state && judge(state, world.history)).toBeUndefined()
    }
    expect(points.length).toBeGreaterThan(5)
  })
})

describe('the home after a clean close', () => {
  const commit = async (world: StoreWorld, written: readonly number[], sizeBlocks: number) => {
    await world.append(world.groupOf({ written, sizeBlocks }))
    await world.barrier()
  }

  test('has nothing of a first block that was given up', async () => {
    const world = await openWorld()
    for (const step of ['one', 'checkpoint', 'truncate', 'checkpoint'] as const) await world.do(step)
    await commit(world, [1], 2)
    await world.do('reopen')
  })

  test('has nothing of what lay behind the database when the power failed before it was cut', async () => {
    const world = await openWorld()
    for (const step of ['one', 'checkpoint', 'truncate', 'checkpoint'] as const) await world.do(step)
    const left = new SimDisk(droppingAll(world.disk))
    expect(left.image().get('database.sqlite')?.size).toBe(4096)
    world.disk.powerOff()
    world.disk = left
    await world.open()
    await commit(world, [1], 2)
    await world.do('reopen')
  })

  test('has its own bytes where another close failed between the two', async () => {
    const world = await openWorld()
    for (const step of ['one', 'checkpoint'] as const) await world.do(step)
    const fault = {
      name: 'database.sqlite',
      kinds: ['write'],
      error: 'EIO',
      applied: 'half',
      isLasting: false,
    } as const
    world.disk.setFault({ ...fault, nth: 1 })
    await expect(world.close()).rejects.toThrow('EIO')
    expect(world.disk.faultsFired).toBe(1)
    await world.open()
    await world.do('reopen')
  })
})

const trashed = ({ kind, certainty }: DiskOp): Fate => (kind === 'write' && certainty !== 'sure' ? 'trashed' : 'kept')

/** Power loss: nothing that is not behind a barrier reached the medium. */
function droppingAll(disk: SimDisk): DiskImage {
  const point = disk.crashPoint()
  return imageAfter(
    point,
    point.ops.map(({ certainty }) => (certainty === 'sure' ? 'kept' : 'dropped')),
  )
}
