/** Chromium's own queue of openings and removals, with somebody in it who does not close. Its members: test/indexeddb/blocked.test.ts. */
import { afterEach, expect, test, vi } from 'vitest'
import { destroy, open } from '../../src/browser.ts'
import { browserPlace } from '../../src/effects/browser-places.ts'
import { databaseName } from '../../src/storage/indexeddb/schema.ts'
import { blockedUpgrade, givenUp, openStubbornly } from '../indexeddb/stubborn.ts'

afterEach(() => void vi.useRealTimers())

const options = { storage: 'indexeddb', worker: false, wasmUrl: '/dist/wa-sqlite.wasm' } as const
const locked: unknown = expect.objectContaining({ code: 'STORE_LOCKED', retryable: true })

async function stubbornStore() {
  const name = `blocked-${Date.now()}`
  const db = await open(name, options)
  await db.exec('CREATE TABLE t(v)')
  await db.close()
  const place = browserPlace(name, { medium: 'indexeddb', whenLost: 'fail' })
  return { name, place, stubborn: await openStubbornly(indexedDB, databaseName(name)) }
}

const tablesIn = async (name: string) => {
  const db = await open(name, options)
  const tables = await db.query('SELECT name FROM sqlite_schema')
  await db.close()
  return tables
}

test('behind a blocked upgrade an opening is STORE_LOCKED; once that was given up, the store is there', async () => {
  const { name, place, stubborn } = await stubbornStore()
  const upgrade = await blockedUpgrade(indexedDB, databaseName(name))
  expect(await givenUp(() => place.acquire())).toEqual(locked)
  stubborn.close()
  expect(await upgrade.ended).toBe('AbortError')
  expect(await tablesIn(name)).toEqual([{ name: 't' }])
  await destroy(name, options)
})

test('a blocked destroy() is STORE_LOCKED, and so is what is opened behind it; it happens when nobody has it open', async () => {
  const { name, place, stubborn } = await stubbornStore()
  expect(await givenUp(() => place.destroy())).toEqual(locked)
  expect(await givenUp(() => place.acquire())).toEqual(locked)
  stubborn.close()
  expect(await tablesIn(name)).toEqual([])
  await destroy(name, options)
})
