/** One transaction a commit, and the epoch inside it. */
import { IDBDatabase, IDBObjectStore } from 'fake-indexeddb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { BlockStore } from '../../src/storage/block-store.ts'
import { blockOf, bytesAt, commit, groupFor } from '../contract/groups.ts'
import { FaultPlan } from './faults.ts'
import { IdbWorld } from './medium.ts'

afterEach(() => vi.restoreAllMocks())

const lost: unknown = expect.objectContaining({ code: 'LEASE_LOST' })

/** Durability of every readwrite transaction from here on. */
function writesOf(): string[] {
  const levels: string[] = []
  const begin = Reflect.get(IDBDatabase.prototype, 'transaction')
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: unknown, names, mode, options) {
    if (mode === 'readwrite') levels.push(options?.durability ?? 'default')
    return Reflect.apply(begin, this, [names, mode, options])
  })
  return levels
}

async function flush(store: BlockStore, content: string, { needsBarrier }: { needsBarrier: boolean }): Promise<void> {
  await store.append(groupFor(store, { blocks: { 0: content } }), { needsBarrier })
  if (needsBarrier) await store.barrier({ mayWait: true })
  await store.confirmEpoch()
}

describe('a commit', () => {
  test('is one strict transaction when a barrier is to follow, and one relaxed one when not', async () => {
    const { store } = await new IdbWorld().open()
    const levels = writesOf()
    await flush(store, 'a', { needsBarrier: true })
    expect(levels).toEqual(['strict'])
    expect(store.positions).toMatchObject({ writtenTxid: 1, durableTxid: 1 })
    await flush(store, 'b', { needsBarrier: false })
    expect(levels).toEqual(['strict', 'relaxed'])
    expect(store.positions).toMatchObject({ writtenTxid: 2, durableTxid: 1 })
    await store.barrier({ mayWait: true })
    await store.barrier({ mayWait: true })
    expect(levels).toEqual(['strict', 'relaxed', 'strict'])
    expect(store.positions.durableTxid).toBe(2)
  })

  test('confirms the epoch once; asked again, the medium is asked', async () => {
    const world = new IdbWorld()
    const { store } = await world.open()
    await store.append(groupFor(store, { blocks: { 0: 'a' } }), { needsBarrier: true })
    const rival = await world.open()
    await store.confirmEpoch()
    await expect(async () => store.confirmEpoch()).rejects.toThrow(lost)
    expect(bytesAt(rival.store, 0)).toBe(blockOf('a'))
  })

  test('the barrier of a checkpoint confirms nothing: the medium is asked', async () => {
    const world = new IdbWorld()
    const { store } = await world.open()
    await commit(store, { blocks: { 0: 'a' } })
    await store.append(groupFor(store, { blocks: { 1: 'relaxed' } }), { needsBarrier: false })
    await store.confirmEpoch()
    await store.checkpoint({ everything: true })
    await world.open()
    await expect(async () => store.confirmEpoch()).rejects.toThrow(lost)
  })

  test('no cursor is ever opened', async () => {
    const cursors = [
      vi.spyOn(IDBObjectStore.prototype, 'openCursor'),
      vi.spyOn(IDBObjectStore.prototype, 'openKeyCursor'),
    ]
    const world = new IdbWorld()
    const { store } = await world.open()
    for (let no = 0; no < 40; no++) await commit(store, { blocks: { [no]: `v${no}` } })
    await store.checkpoint({})
    await store.close({})
    await world.open()
    for (const cursor of cursors) expect(cursor).not.toHaveBeenCalled()
  })
})

describe('a store whose epoch was taken', () => {
  async function twoStores() {
    const world = new IdbWorld()
    const { store: zombie } = await world.open()
    await commit(zombie, { blocks: { 0: 'old', 1: 'old' } })
    await zombie.append(groupFor(zombie, { blocks: { 2: 'relaxed' } }))
    const { store: leader } = await world.open()
    await commit(leader, { blocks: { 0: 'new' } })
    const untouched = async () => {
      expect(bytesAt(leader, 0)).toBe(blockOf('new'))
      leader.abandon()
      const { store } = await world.open()
      expect([0, 1, 2].map((at) => bytesAt(store, at))).toEqual([blockOf('new'), blockOf('old'), blockOf('relaxed')])
    }
    return { zombie, untouched }
  }

  const attempts: readonly (readonly [string, (store: BlockStore) => Promise<unknown>])[] = [
    ['commit', async (store) => store.append(groupFor(store, { blocks: { 0: 'zombie' } }), { needsBarrier: true })],
    [
      'long commit',
      async (store) =>
        store.append(
          groupFor(store, { blocks: Object.fromEntries(Array.from({ length: 300 }, (_, at) => [at, 'zombie'])) }),
        ),
    ],
    ['barrier', async (store) => store.barrier({ mayWait: true })],
    ['checkpoint', (store) => store.checkpoint({ everything: true })],
    ['close', (store) => store.close({})],
    ['new series', (store) => store.voidAfterFailure()],
  ]

  test.each(attempts)('attack-14 is told so by its %s, which changes nothing', async (_, attempt) => {
    const { zombie, untouched } = await twoStores()
    await expect(attempt(zombie)).rejects.toThrow(lost)
    await untouched()
  })

  test('is told so between the steps of a checkpoint that has begun', async () => {
    const world = new IdbWorld()
    const { store: zombie } = await world.open()
    await commit(zombie, { blocks: { 0: 'old', 70: 'far', 140: 'farther' } })
    const leaders: BlockStore[] = []
    const pause = async () => {
      if (leaders.length > 0) return
      const { store } = await world.open()
      leaders.push(store)
      await commit(store, { blocks: { 0: 'new', 140: 'new' } })
      await store.checkpoint({})
    }
    await expect(zombie.checkpoint({ pause })).rejects.toThrow(lost)
    const { store } = await world.open()
    expect([0, 70, 140].map((at) => bytesAt(store, at))).toEqual(['new', 'far', 'new'].map(blockOf))
    expect(store.positions.checkpointedTxid).toBe(2)
  })

  test('does not take the epoch that it tried to raise for its own when a rival has raised it', async () => {
    const world = new IdbWorld()
    const { store: zombie } = await world.open()
    await commit(zombie, { blocks: { 0: 'old' } })
    const plan = new FaultPlan({ at: 'commit', how: 'unknown' }, 1)
    await expect(zombie.voidAfterFailure()).rejects.toThrow(expect.objectContaining({ code: 'STORAGE_FAILED' }))
    plan.stop()
    expect(plan.hasStruck).toBe(true)
    const { store: rival } = await world.open()
    await rival.voidAfterFailure()
    await expect(zombie.voidAfterFailure()).rejects.toThrow(lost)
    await commit(rival, { blocks: { 0: 'new' } })
  })
})
