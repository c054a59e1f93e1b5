/** What is said of an IndexedDB that is not there, is forbidden, fails or waits, to the choice of a medium and to whoever opens. */
import { openDB } from 'idb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { findInIndexedDb } from '../../../src/effects/probe.ts'
import { limits } from '../../../src/limits.ts'
import { openConnection } from '../../../src/storage/indexeddb/connection.ts'
import { databaseName, headerKeys } from '../../../src/storage/indexeddb/schema.ts'
import { errorOf } from '../../api/harness.ts'
import { BrowserProfile } from '../../indexeddb/browser-profile.ts'

afterEach(() => void vi.useRealTimers())

const none = { kind: 'unsupported', why: 'the browser has none' }

async function storeWithRow(): Promise<BrowserProfile> {
  const profile = new BrowserProfile()
  const db = await profile.open()
  await db.exec("CREATE TABLE t(v); INSERT INTO t VALUES ('kept')")
  await db.close()
  return profile
}

interface Fault {
  /** How many openings have met it. */
  met(): number
  heal(): void
}

/** Every opening throws from now on. */
async function throwing({ factory }: BrowserProfile, name: string): Promise<Fault> {
  const open = vi.spyOn(factory, 'open').mockImplementation(() => {
    throw new DOMException('as asked for', name)
  })
  return { met: () => open.mock.calls.length, heal: () => open.mockRestore() }
}

/** Every opening ends in an error from now on. */
async function failing({ factory }: BrowserProfile, name: string): Promise<Fault> {
  ;(await openDB('newer', 2)).close()
  const open = factory.open.bind(factory)
  const spy = vi.spyOn(factory, 'open').mockImplementation(() => {
    const request = open('newer', 1)
    request.addEventListener('error', () => Object.assign(request, { error: new DOMException('as asked for', name) }))
    return request
  })
  return { met: () => spy.mock.calls.length, heal: () => spy.mockRestore() }
}

describe('without IndexedDB', () => {
  test.each([undefined, null])('(%s) there is none, and nothing to open', async (absent) => {
    const profile = new BrowserProfile({ hasFiles: false })
    vi.stubGlobal('indexedDB', absent)
    expect(await findInIndexedDb('test')).toEqual(none)
    for (const medium of ['indexeddb', 'auto'] as const) {
      expect(await errorOf(profile.open({ medium }))).toMatchObject({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining('nor IndexedDB (the browser has none)'),
      })
    }
  })

  test('which is forbidden to this page it is not supported either, and no store is made elsewhere', async () => {
    const profile = await storeWithRow()
    const { met } = await throwing(profile, 'SecurityError')
    for (const medium of ['indexeddb', 'auto'] as const) {
      expect(await errorOf(profile.open({ medium, whenLost: 'open' }))).toMatchObject({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining('forbidden'),
        retryable: false,
      })
    }
    expect(met()).toBe(3)
  })
})

describe('an IndexedDB that fails', () => {
  test.each([
    ['throws', throwing],
    ['says so', failing],
  ])('and %s is STORAGE_FAILED, no store is made in the other medium, and healed it is opened', async (_, fail) => {
    const profile = await storeWithRow()
    const { met, heal } = await fail(profile, 'UnknownError')
    for (const medium of ['indexeddb', 'auto'] as const) {
      expect(await errorOf(profile.open({ medium }))).toMatchObject({
        code: 'STORAGE_FAILED',
        retryable: true,
        cause: { name: 'UnknownError' },
      })
    }
    expect(met()).toBe(3)
    heal()
    const db = await profile.open({ medium: 'auto' })
    expect(await db.query('SELECT v FROM t')).toEqual([{ v: 'kept' }])
  })

  test('after it was looked into fails the opening, which is tried again by itself', async () => {
    const profile = await storeWithRow()
    const open = profile.factory.open.bind(profile.factory)
    const spy = vi.spyOn(profile.factory, 'open')
    spy.mockImplementationOnce(open).mockImplementationOnce(() => {
      throw new DOMException('for a moment', 'UnknownError')
    })
    const db = await profile.open()
    expect(await db.query('SELECT v FROM t')).toEqual([{ v: 'kept' }])
    expect(spy).toHaveBeenCalledTimes(3)
  })
})

describe('a look into IndexedDB', () => {
  test('finds nothing where nothing is, and makes nothing', async () => {
    const { factory } = new BrowserProfile()
    expect(await findInIndexedDb('test')).toEqual({ kind: 'empty' })
    expect(await factory.databases()).toEqual([])
  })

  test('finds no store in a database that has none, and not more where only the stores were made', async () => {
    const { factory } = new BrowserProfile()
    await openDB(databaseName('another'), 1, { upgrade: (db) => void db.createObjectStore('notes') })
    ;(await openConnection('unfinished', { factory })).close()
    expect(await findInIndexedDb('another')).toEqual({ kind: 'empty' })
    expect(await findInIndexedDb('unfinished')).toEqual({ kind: 'empty' })
  })

  test('finds a store by its header, and one whose id nobody knows if that is damaged', async () => {
    await storeWithRow()
    expect(await findInIndexedDb('test')).toMatchObject({
      kind: 'store',
      storeId: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    const db = await openDB(databaseName('test'))
    await db.put('header', new Uint8Array(4096), headerKeys.page)
    db.close()
    expect(await findInIndexedDb('test')).toEqual({ kind: 'store', storeId: undefined })
  })

  test('waits for a transaction that somebody does not end, for as long as that takes', async () => {
    await storeWithRow()
    const held = await holdHeader('test')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const findings: unknown[] = []
    const looking = findInIndexedDb('test').then((finding) => findings.push(finding))
    // The opening is bounded, and has ended.
    await vi.waitUntil(() => vi.getTimerCount() === 0, 5000)
    await vi.advanceTimersByTimeAsync(10 * limits.blockedMs)
    vi.useRealTimers()
    expect(findings).toEqual([])
    held.release()
    await looking
    expect(findings).toMatchObject([{ kind: 'store' }])
  })
})

/** A transaction that lives by asking again and again, as that of a page that was frozen in the middle of it. */
async function holdHeader(name: string): Promise<{ release(): void }> {
  const db = await openDB(databaseName(name))
  const tx = db.transaction('header', 'readwrite')
  const state = { isHeld: true }
  const ask = (): Promise<void> => tx.store.get(0).then(() => (state.isHeld ? ask() : db.close()))
  const ended = tx.store.get(0)
  void ended.then(ask)
  await ended
  return { release: () => void (state.isHeld = false) }
}
