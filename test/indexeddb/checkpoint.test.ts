/** What a checkpoint may put into the home, and when. */
import { IDBDatabase, IDBObjectStore } from 'fake-indexeddb'
import { afterEach, expect, test, vi } from 'vitest'
import { blockOf, bytesAt, commit, groupFor } from '../contract/groups.ts'
import { IdbWorld } from './medium.ts'

afterEach(() => vi.restoreAllMocks())

test('it begins with a barrier when something is not durable, and ends with a strict transaction', async () => {
  const { store } = await new IdbWorld().open()
  await store.append(groupFor(store, { blocks: { 0: 'relaxed', 70: 'relaxed' } }))
  const levels: string[] = []
  const begin = Reflect.get(IDBDatabase.prototype, 'transaction')
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: unknown, names, mode, options) {
    levels.push(`${String(options?.durability)} ${[names].flat().join('+')}`)
    return Reflect.apply(begin, this, [names, mode, options])
  })
  await store.checkpoint({})
  expect(levels).toEqual([
    'strict header',
    'relaxed header+segments',
    'relaxed header+segments',
    'relaxed header+table',
    'strict header+log+segments',
  ])
})

test('what is void when it ends was never in the home', async () => {
  const world = new IdbWorld()
  const { store } = await world.open()
  await commit(store, { blocks: { 0: 'a', 70: 'b', 71: 'c' } })
  await store.checkpoint({})
  await commit(store, { blocks: { 0: 'A', 70: 'B' } })
  const voiding: Promise<unknown>[] = []
  let pauses = 0
  const pause = async () => {
    pauses++
    if (pauses === 1) await store.append(groupFor(store, { blocks: { 71: 'void' } }))
    if (pauses === 2) voiding.push(store.voidAfterFailure())
  }
  await expect(store.checkpoint({ pause })).rejects.toThrow(/new series/)
  expect(pauses).toBe(2)
  await Promise.all(voiding)
  expect(bytesAt(store, 71)).toBe(blockOf('c'))
  store.abandon()
  const { store: again } = await world.open()
  expect([0, 70, 71].map((at) => bytesAt(again, at))).toEqual(['A', 'B', 'c'].map(blockOf))
})

test('its cost follows what was changed, not the size of the database', async () => {
  const { store } = await new IdbWorld().open()
  const all = Object.fromEntries(Array.from({ length: 640 }, (_, at) => [at, `block ${at}`]))
  await commit(store, { blocks: all })
  await store.checkpoint({})
  await commit(store, { blocks: { 300: 'changed' } })
  const put = vi.spyOn(IDBObjectStore.prototype, 'put')
  const { bytes, blocks } = await store.checkpoint({})
  expect({ bytes, blocks }).toEqual({ bytes: 64 * 4096 + 4096, blocks: 1 })
  expect(put.mock.calls.map(([, key]) => key)).toEqual([4, 2, 0, 3])
})

test('a database that shrank gives back segments, table pages keep the versions', async () => {
  const world = new IdbWorld()
  const { store } = await world.open()
  await commit(store, { blocks: Object.fromEntries(Array.from({ length: 200 }, (_, at) => [at, `block ${at}`])) })
  await store.checkpoint({})
  await commit(store, { sizeBlocks: 10 })
  await store.checkpoint({})
  expect(await world.peek(async (database) => database.getAllKeys('segments'))).toEqual([0])
  expect(store.statistics).toMatchObject({ homeBytes: 10 * 4096, cacheBytes: 64 * 4096, logBytes: 0 })
})

test('a page of the table that no written block lies in is stored like the others', async () => {
  const world = new IdbWorld()
  const { store } = await world.open()
  // As SQLite leaves them that freed the pages between in the transaction that made them.
  await commit(store, { blocks: { 0: 'first', 1: 'second', 600: 'far' } })
  await store.checkpoint({ everything: true })
  await store.close({})
  const { store: again } = await world.open()
  expect([0, 1, 600].map((at) => bytesAt(again, at))).toEqual(['first', 'second', 'far'].map(blockOf))
})
