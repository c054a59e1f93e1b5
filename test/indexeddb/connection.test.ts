/** A connection may be lost, the database deleted or upgraded: each has an answer, and none is silence. */
import { IDBObjectStore } from 'fake-indexeddb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Connection, destroyDatabase } from '../../src/storage/indexeddb/connection.ts'
import { failureOf, kindOf } from '../../src/storage/indexeddb/failures.ts'
import { databaseName, headerKeys, SCHEMA_VERSION } from '../../src/storage/indexeddb/schema.ts'
import { blockOf, bytesAt, commit, groupFor } from '../contract/groups.ts'
import { IdbWorld } from './medium.ts'

afterEach(() => vi.restoreAllMocks())

const withCode = (code: string): unknown => expect.objectContaining({ code })

function upgraded(world: IdbWorld): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = world.factory.open(databaseName(world.name), SCHEMA_VERSION + 1)
    request.onsuccess = () => {
      request.result.close()
      resolve()
    }
    request.onerror = () => reject(new Error('the upgrade failed', { cause: request.error }))
  })
}

/** Every connection that is opened from here on, as the browser has it. */
function connectionsOf(world: IdbWorld): IDBDatabase[] {
  const opened: IDBDatabase[] = []
  const open = world.factory.open.bind(world.factory)
  vi.spyOn(world.factory, 'open').mockImplementation((name, version) => {
    const request = open(name, version)
    request.addEventListener('success', () => opened.push(request.result))
    return request
  })
  return opened
}

/** The next put goes through, and so does its transaction; nobody hears of it. */
function loseAtPut(lose: () => void): void {
  const put: typeof IDBObjectStore.prototype.put = Reflect.get(IDBObjectStore.prototype, 'put')
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(function (this: unknown, ...args) {
    const request: ReturnType<typeof put> = Reflect.apply(put, this, args)
    lose()
    return request
  })
}

describe('a connection that is lost', () => {
  test('is opened again by the next commit, which is fenced like any other', async () => {
    const world = new IdbWorld()
    const opened = connectionsOf(world)
    const { store } = await world.open()
    await commit(store, { blocks: { 0: 'a' } })
    opened[0]?.onclose?.(new Event('close'))
    await commit(store, { blocks: { 0: 'b' } })
    expect(opened).toHaveLength(2)
    await world.open()
    opened[1]?.onclose?.(new Event('close'))
    await expect(store.append(groupFor(store, { blocks: { 0: 'c' } }))).rejects.toThrow(withCode('LEASE_LOST'))
  })

  test('leaves a commit in flight without an outcome; made void, it is not there', async () => {
    const world = new IdbWorld()
    const opened = connectionsOf(world)
    const { store } = await world.open()
    await commit(store, { blocks: { 0: 'a' } })
    loseAtPut(() => opened[0]?.onclose?.(new Event('close')))
    const append = store.append(groupFor(store, { blocks: { 0: 'in flight' } }))
    await expect(append).rejects.toThrow(expect.objectContaining({ code: 'STORAGE_FAILED', outcome: 'unknown' }))
    expect((await world.logKeys()).records).toEqual([1, 2])
    await store.voidAfterFailure()
    expect(bytesAt(store, 0)).toBe(blockOf('a'))
    store.abandon()
    expect(bytesAt((await world.open()).store, 0)).toBe(blockOf('a'))
  })

  test('tells nothing to those who write over the next one', async () => {
    const world = new IdbWorld()
    const opened = connectionsOf(world)
    const { store } = await world.open()
    await commit(store, { blocks: { 0: 'a' } })
    const close = () => opened[0]?.onclose?.(new Event('close'))
    close()
    let wasToldAgain = false
    loseAtPut(() => {
      close()
      wasToldAgain = true
    })
    await commit(store, { blocks: { 0: 'b' } })
    expect(wasToldAgain).toBe(true)
    expect(opened).toHaveLength(2)
    expect(bytesAt(store, 0)).toBe(blockOf('b'))
  })

  test('is tried a bounded number of times', async () => {
    const world = new IdbWorld()
    const open = vi.spyOn(world.factory, 'open').mockImplementation(() => {
      throw new DOMException('no backing store', 'UnknownError')
    })
    await expect(new Connection('x', { factory: world.factory }).use()).rejects.toThrow(withCode('STORAGE_FAILED'))
    expect(open).toHaveBeenCalledTimes(3)
  })
})

describe('a database under an open store', () => {
  test('is deleted without being blocked, and the store says that it is lost', async () => {
    const world = new IdbWorld()
    const { store } = await world.open()
    await commit(store, { blocks: { 0: 'a' } })
    await destroyDatabase(world.name, { factory: world.factory })
    await expect(store.append(groupFor(store, { blocks: { 0: 'b' } }))).rejects.toThrow(/deleted/)
    await expect(store.voidAfterFailure()).rejects.toThrow(withCode('STORE_LOST'))
    expect((await world.factory.databases()).map(({ name }) => name)).toEqual([])
  })

  test('is upgraded without being blocked, and is not touched by older code then', async () => {
    const world = new IdbWorld()
    const { store } = await world.open()
    await commit(store, { blocks: { 0: 'a' } })
    await upgraded(world)
    await expect(store.voidAfterFailure()).rejects.toThrow(withCode('FORMAT_UNKNOWN'))
    await expect(world.open()).rejects.toThrow(withCode('FORMAT_UNKNOWN'))
  })

  test('is gone after destroy, and made anew by the next opening', async () => {
    const world = new IdbWorld()
    const { store } = await world.open()
    await commit(store, { blocks: { 0: 'a' } })
    await store.close({})
    await destroyDatabase(world.name, { factory: world.factory })
    await destroyDatabase(world.name, { factory: world.factory })
    expect((await world.open()).report.found).toBe('created')
  })

  test('two of them do not know of each other', async () => {
    const world = new IdbWorld()
    const other = new IdbWorld()
    const { store } = await world.open()
    const { store: second } = await other.open()
    await commit(store, { blocks: { 0: 'one' } })
    await commit(second, { blocks: { 0: 'two' } })
    store.abandon()
    expect(bytesAt((await world.open()).store, 0)).toBe(blockOf('one'))
  })
})

describe('what an error means', () => {
  const named = (name: string, message = '') => new DOMException(message, name)

  test.each([
    [named('QuotaExceededError'), 'put', 'quota-at-put', 'STORAGE_FULL', undefined],
    [named('QuotaExceededError'), 'commit', 'quota-at-commit', 'STORAGE_FULL', undefined],
    [named('InvalidStateError'), 'begin', 'closing', 'STORAGE_FAILED', undefined],
    [null, 'commit', 'connection-lost', 'STORAGE_FAILED', 'unknown'],
    [named('AbortError'), 'put', 'connection-lost', 'STORAGE_FAILED', 'unknown'],
    [
      named('UnknownError', 'Connection to Indexed Database server lost'),
      'put',
      'connection-lost',
      'STORAGE_FAILED',
      'unknown',
    ],
    [named('UnknownError'), 'commit', 'unknown', 'STORAGE_FAILED', 'unknown'],
    [named('NotFoundError'), 'begin', 'deleted', 'STORE_LOST', undefined],
    [named('VersionError'), 'open', 'newer', 'FORMAT_UNKNOWN', undefined],
  ] as const)('%s at %s is %s', (error, at, kind, code, outcome) => {
    expect(kindOf(error, at)).toBe(kind)
    const failure = failureOf(error, at)
    expect(failure).toMatchObject({ code, details: { failure: kind, at } })
    expect(failure.outcome).toBe(outcome)
  })
})

describe('a browser that says that it has lost data', () => {
  /** As some browsers put it into the event with which a database is made anew. */
  function saying(world: IdbWorld, dataLoss: string): void {
    const open = world.factory.open.bind(world.factory)
    vi.spyOn(world.factory, 'open').mockImplementation((name, version) => {
      const request = open(name, version)
      request.addEventListener('upgradeneeded', (event) =>
        Object.assign(event, { dataLoss, dataLossMessage: 'the files were damaged' }),
      )
      return request
    })
  }

  test('is believed: the store that it makes in its place is STORE_LOST, not new, until that is what is wanted', async () => {
    const world = new IdbWorld()
    saying(world, 'total')
    for (const _ of ['told by the browser', 'kept']) {
      const opening = world.open()
      await expect(opening).rejects.toThrow(withCode('STORE_LOST'))
      await expect(opening).rejects.toThrow('the files were damaged')
    }
    const { store, report } = await world.open({ onLost: 'open' })
    expect(report.found).toBe('created')
    await store.close({})
    expect((await world.open()).report.found).toBe('existing')
    expect(await world.peek((database) => database.getAllKeys('header'))).not.toContain(headerKeys.lost)
  })

  test('and says so of a store that was never there before, that nothing was lost, makes one', async () => {
    const world = new IdbWorld()
    saying(world, 'none')
    expect((await world.open()).report.found).toBe('created')
  })
})
