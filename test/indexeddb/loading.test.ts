/** A store is open before all its segments have been read: what is there is served, what is not is waited for, and nothing changes before. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type AwaitedBlocks, BlockAwaited } from '../../src/storage/awaited.ts'
import type { BlockStore } from '../../src/storage/block-store.ts'
import { destroyDatabase } from '../../src/storage/indexeddb/connection.ts'
import { View } from '../../src/storage/view.ts'
import { blockNo } from '../../src/units.ts'
import { blockOf, blockSize, bytesAt, commit, groupFor } from '../contract/groups.ts'
import { IdbWorld } from './medium.ts'
import { slowSegments } from './slow-segments.ts'

afterEach(() => vi.restoreAllMocks())

const lazily = { verify: 'none' } as const
const withCode = (code: string): unknown => expect.objectContaining({ code })
const awaitedOf = ({ awaited }: BlockStore) => {
  if (awaited === undefined) throw new Error('nothing is awaited')
  return awaited
}

/** The reading in the background, which is refused, has ended. */
const refused = (awaited: AwaitedBlocks) => expect(awaited.all()).rejects.toThrow(withCode('STORAGE_FAILED'))

/** Ten segments, folded; closed. */
async function filled(): Promise<IdbWorld> {
  const world = new IdbWorld()
  const { store } = await world.open()
  await commit(store, { blocks: Object.fromEntries(Array.from({ length: 640 }, (_, at) => [at, `block ${at}`])) })
  await store.close({})
  return world
}

describe('a store that is open before it is whole', () => {
  test('serves what is there, stops who reads what is not, and is whole at last', async () => {
    const world = await filled()
    const segments = slowSegments({ most: 1 })
    const { store } = await world.open(lazily)
    expect(() => bytesAt(store, 639)).toThrow(BlockAwaited)
    await awaitedOf(store).block(blockNo(639))
    expect(bytesAt(store, 639)).toBe(blockOf('block 639'))
    expect(() => bytesAt(store, 0)).toThrow(BlockAwaited)
    expect(store.statistics.cacheBytes).toBe(64 * blockSize)
    await refused(awaitedOf(store))
    segments.heal()
    await awaitedOf(store).all()
    expect(store.awaited).toBeUndefined()
    expect([0, 300, 639].map((at) => bytesAt(store, at))).toEqual(['block 0', 'block 300', 'block 639'].map(blockOf))
    expect(store.statistics.cacheBytes).toBe(640 * blockSize)
  })

  test.each([
    ['full', 640],
    ['sample', 64],
    ['none', 0],
  ] as const)('reads each segment once, verified (%s) or not', async (verify, blocksVerified) => {
    const world = await filled()
    const segments = slowSegments({ most: Infinity })
    // Of the sample's blocks one is the first, the others are the last.
    const { store, report } = await world.open({ verify, random: () => 0 })
    expect(store.awaited === undefined).toBe(verify === 'full')
    expect(report.blocksVerified).toBe(blocksVerified)
    await store.awaited?.all()
    expect(segments.read.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, no) => no))
  })

  test('has what the log changes: the segments under it are read before it is redone', async () => {
    const world = await filled()
    const { store: first } = await world.open()
    await commit(first, { blocks: { 70: 'changed', 700: 'grown' }, freed: [130] })
    first.abandon()
    const segments = slowSegments({ most: 2 })
    const { store } = await world.open(lazily)
    expect(segments.read.slice(0, 2)).toEqual([1, 2])
    expect([70, 71, 700].map((at) => bytesAt(store, at))).toEqual(['changed', 'block 71', 'grown'].map(blockOf))
    expect(() => bytesAt(store, 300)).toThrow(BlockAwaited)
    await refused(awaitedOf(store))
    segments.heal()
    await awaitedOf(store).all()
    expect([70, 300].map((at) => bytesAt(store, at))).toEqual(['changed', 'block 300'].map(blockOf))
  })

  test('stages nothing, and appends when it is whole', async () => {
    const world = await filled()
    const segments = slowSegments({ most: 1 })
    const { store } = await world.open(lazily)
    const view = new View(store, { transactionBytesMax: 1e6 })
    expect(() => view.write(blockNo(0), new Uint8Array(blockSize))).toThrow(BlockAwaited)
    expect(() => view.truncate(1)).toThrow(BlockAwaited)
    expect(view.hasOverlay).toBe(false)
    await refused(awaitedOf(store))
    segments.heal()
    await commit(store, { blocks: { 5: 'later', 635: 'later' } })
    await store.checkpoint({})
    store.abandon()
    const { store: again } = await world.open({ verify: 'full' })
    expect([5, 6, 635, 634].map((at) => bytesAt(again, at))).toEqual(
      ['later', 'block 6', 'later', 'block 634'].map(blockOf),
    )
  })

  test('is closed without waiting for what nobody needs', async () => {
    const world = await filled()
    const segments = slowSegments({ most: 1 })
    const { store } = await world.open(lazily)
    await refused(awaitedOf(store))
    await store.close({})
    expect(segments.read).toEqual([])
    vi.restoreAllMocks()
    expect((await world.open()).report).toMatchObject({ cleanShutdown: true, damaged: [] })
  })
})

describe('what goes wrong meanwhile', () => {
  /** Open, and nothing of it has been read. */
  async function opened() {
    const world = await filled()
    const segments = slowSegments({ most: 1 })
    const { store } = await world.open(lazily)
    const awaited = awaitedOf(store)
    await refused(awaited)
    return { world, store, awaited, segments }
  }

  test('a failure is told to those who wait, and the next who waits has it tried again', async () => {
    const { store, awaited, segments } = await opened()
    await refused(awaited)
    expect(segments.refused).toBeGreaterThan(0)
    await expect(store.append(groupFor(store, { blocks: { 0: 'a' } }))).rejects.toThrow(withCode('STORAGE_FAILED'))
    segments.heal()
    await commit(store, { blocks: { 0: 'b' } })
    expect(bytesAt(store, 0)).toBe(blockOf('b'))
  })

  test('a later reign: what it has folded is not taken for ours', async () => {
    const { world, awaited, segments, store } = await opened()
    segments.heal()
    const { store: rival } = await world.open()
    await commit(rival, { blocks: { 0: 'theirs' } })
    await rival.checkpoint({})
    await expect(awaited.all()).rejects.toThrow(withCode('LEASE_LOST'))
    expect(() => bytesAt(store, 0)).toThrow(BlockAwaited)
  })

  test('a segment that was there and is gone', async () => {
    const { world, awaited, segments } = await opened()
    segments.heal()
    await world.change('segments', 4, () => undefined)
    await expect(awaited.all()).rejects.toThrow(withCode('HOME_CORRUPT'))
  })

  test('a segment that rots is told when its block is read', async () => {
    const { world, awaited, segments, store } = await opened()
    segments.heal()
    await world.change('segments', 4, (bytes) => bytes.slice().fill(7, 0, 1))
    await awaited.all()
    expect(() => bytesAt(store, 256)).toThrow(withCode('CHECKSUM_MISMATCH'))
    expect(bytesAt(store, 257)).toBe(blockOf('block 257'))
  })

  test('a database that is deleted is lost', async () => {
    const { world, awaited, segments } = await opened()
    segments.heal()
    await destroyDatabase(world.name, { factory: world.factory })
    await expect(awaited.all()).rejects.toThrow(withCode('STORE_LOST'))
  })

  test('a store that is left: who waits is told, nothing is read any more', async () => {
    const { awaited, segments, store } = await opened()
    segments.heal()
    store.abandon()
    await expect(awaited.all()).rejects.toThrow(withCode('DATABASE_CLOSED'))
    expect(segments.read).toEqual([])
  })
})

test('a segment that is missing is told when the store is opened, read or not', async () => {
  const world = await filled()
  await world.change('segments', 9, () => undefined)
  await expect(world.open(lazily)).rejects.toThrow(withCode('HOME_CORRUPT'))
})

test('a segment that was cut short is told when it is read', async () => {
  const world = await filled()
  await world.change('segments', 4, (bytes) => bytes.slice(0, blockSize))
  await expect(world.open({ verify: 'full' })).rejects.toThrow(withCode('HOME_CORRUPT'))
  const { store } = await world.open(lazily)
  await store.awaited?.all()
  expect(bytesAt(store, 256)).toBe(blockOf('block 256'))
  expect(() => bytesAt(store, 257)).toThrow(withCode('CHECKSUM_MISMATCH'))
})
