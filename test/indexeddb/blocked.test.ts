/** Somebody keeps a database open that is to be deleted or upgraded: whoever comes behind waits for a while, is told, and comes again. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { databaseName } from '../../src/storage/indexeddb/schema.ts'
import { codeOf } from '../api/harness.ts'
import { BrowserProfile } from './browser-profile.ts'
import { blockedDeletion, blockedUpgrade, givenUp, givenUpAgain, openStubbornly } from './stubborn.ts'

afterEach(() => void vi.useRealTimers())

const locked = (what: string): unknown =>
  expect.objectContaining({
    code: 'STORE_LOCKED',
    retryable: true,
    message: expect.stringMatching(new RegExp(`^${what} .* close the other tabs`)),
  })

/** A store with one row, which somebody has open who does not close it. */
async function stubbornProfile() {
  const profile = new BrowserProfile({ hasFiles: false })
  const db = await profile.open()
  await db.exec('CREATE TABLE t(v)')
  await db.close()
  const stubborn = await openStubbornly(profile.factory, databaseName(profile.name))
  return { profile, stubborn }
}

const tablesIn = async (profile: BrowserProfile) => {
  const db = await profile.open()
  const tables = await db.query('SELECT name FROM sqlite_schema')
  await db.close()
  return tables
}

describe('an opening', () => {
  test('behind a blocked deletion is STORE_LOCKED; once that has happened, a store is made', async () => {
    const { profile, stubborn } = await stubbornProfile()
    const deletion = await blockedDeletion(profile.factory, databaseName(profile.name))
    expect(await givenUp(() => profile.open())).toEqual(locked('indexeddb:test'))
    expect(await givenUp(() => profile.open())).toEqual(locked('indexeddb:test'))
    stubborn.close()
    expect(await deletion.ended).toBe('done')
    expect(await tablesIn(profile)).toEqual([])
  })

  test('behind a blocked upgrade is STORE_LOCKED; once that was given up, the store is there', async () => {
    const { profile, stubborn } = await stubbornProfile()
    const upgrade = await blockedUpgrade(profile.factory, databaseName(profile.name))
    expect(await givenUp(() => profile.open())).toEqual(locked('indexeddb:test'))
    stubborn.close()
    expect(await upgrade.ended).toBe('AbortError')
    expect(await tablesIn(profile)).toEqual([{ name: 't' }])
  })

  test('whose witness cannot be read for that reason is STORE_LOCKED, and makes nothing', async () => {
    const profile = new BrowserProfile({ hasFiles: false })
    const stubborn = await openStubbornly(profile.factory, 'datasync-witness')
    const deletion = await blockedDeletion(profile.factory, 'datasync-witness')
    expect(await givenUp(() => profile.open({ medium: 'auto' }))).toEqual(locked('indexeddb:datasync-witness'))
    expect((await profile.factory.databases()).map(({ name }) => name)).toEqual(['datasync-witness'])
    stubborn.close()
    expect(await deletion.ended).toBe('done')
    expect((await profile.open({ medium: 'auto' })).recoveryReport.found).toBe('created')
  })
})

describe('a write of one whose own connection was closed for a deletion', () => {
  test('fails with STORE_LOCKED as its cause while that is blocked, and with STORE_LOST when it has happened', async () => {
    const profile = new BrowserProfile({ hasFiles: false })
    const db = await profile.open()
    await db.exec('CREATE TABLE t(v)')
    const stubborn = await openStubbornly(profile.factory, databaseName(profile.name))
    const deletion = await blockedDeletion(profile.factory, databaseName(profile.name))
    const failure = await givenUpAgain(() => db.exec('INSERT INTO t VALUES (1)'))
    expect(failure).toMatchObject({ code: 'STORAGE_FAILED', cause: locked('indexeddb:test'), outcome: 'unknown' })
    stubborn.close()
    expect(await deletion.ended).toBe('done')
    expect(await codeOf(db.exec('INSERT INTO t VALUES (2)'))).toBe('STORE_LOST')
    expect(await profile.factory.databases()).toEqual([])
  })
})

test('destroy() of a store that somebody keeps open is STORE_LOCKED, and happens when he closes', async () => {
  const { profile, stubborn } = await stubbornProfile()
  expect(await givenUp(() => profile.place().destroy())).toEqual(locked('indexeddb:test'))
  expect(await givenUp(() => profile.place().destroy())).toEqual(locked('indexeddb:test'))
  stubborn.close()
  await profile.place().destroy()
  expect(await profile.factory.databases()).toEqual([])
  expect(await tablesIn(profile)).toEqual([])
})
