/** A browser says that it has lost its databases, once, to whoever opens first: it is said at every opening, until somebody chooses. */
import { expect, test } from 'vitest'
import { errorOf } from '../api/harness.ts'
import { BrowserProfile } from './browser-profile.ts'
import { throwAway } from './thrown-away.ts'

type Medium = 'auto' | 'indexeddb'

/** A store without a witness, and then an IndexedDB that was thrown away. */
async function lostProfile(medium: Medium = 'indexeddb', { dataLoss = 'total' } = {}) {
  const profile = new BrowserProfile({ hasFiles: false })
  const db = await profile.open({ medium })
  await db.exec('CREATE TABLE t(v)')
  await db.close()
  return { profile, ...(await throwAway(profile.factory, { dataLoss })) }
}

const lost: unknown = expect.objectContaining({
  code: 'STORE_LOST',
  message: expect.stringContaining('recovery.onLost "open"'),
  details: { medium: 'indexeddb', dataLoss: 'total: the files were damaged' },
})

test.each<Medium>(['indexeddb', 'auto'])(
  'with storage %s it is STORE_LOST to the first opening and to all behind it',
  async (medium) => {
    const { profile, told } = await lostProfile(medium)
    for (const _ of ['first', 'second', 'third']) expect(await errorOf(profile.open({ medium }))).toEqual(lost)
    expect(told).toEqual(['datasync:test'])
  },
)

test('with onLost "open" a new one is made, which is a store like any other then', async () => {
  const { profile, told } = await lostProfile()
  expect(await errorOf(profile.open())).toEqual(lost)
  const db = await profile.open({ whenLost: 'open' })
  expect(db.recoveryReport.found).toBe('created')
  await db.close()
  expect((await profile.open()).recoveryReport.found).toBe('existing')
  expect(told).toHaveLength(1)
})

test('with onLost "open" at the first opening, nobody is told of it any more', async () => {
  const { profile, told } = await lostProfile()
  await (await profile.open({ whenLost: 'open' })).close()
  expect((await profile.open()).recoveryReport.found).toBe('existing')
  expect(told).toHaveLength(1)
})

test('destroyed, it is made anew', async () => {
  const { profile } = await lostProfile()
  expect(await errorOf(profile.open())).toEqual(lost)
  await profile.place().destroy()
  expect((await profile.open()).recoveryReport.found).toBe('created')
})

test('a witness says more, and is told instead', async () => {
  const profile = new BrowserProfile()
  const db = await profile.open()
  await db.exec('CREATE TABLE t(v)')
  await db.close()
  const { told } = await throwAway(profile.factory)
  for (const _ of ['first', 'second']) {
    const { code, details } = await errorOf(profile.open())
    expect({ code, details }).toMatchObject({ code: 'STORE_LOST', details: { durableTxid: 1 } })
  }
  expect(told).toHaveLength(1)
})

test('a browser that says that nothing was lost is believed too', async () => {
  const { profile, told } = await lostProfile('indexeddb', { dataLoss: 'none' })
  expect((await profile.open()).recoveryReport.found).toBe('created')
  expect(told).toHaveLength(1)
})

test('a leader that opens its database again is told, and so is whoever comes next', async () => {
  const profile = new BrowserProfile({ hasFiles: false })
  const db = await profile.open()
  await db.exec('CREATE TABLE t(v)')
  // Its own connection closes for that.
  const { told } = await throwAway(profile.factory)
  expect((await errorOf(db.exec('INSERT INTO t VALUES (1)'))).code).toMatch('STORE_LOST')
  await db.close().catch(() => undefined)
  expect(told).toHaveLength(1)
  expect(await errorOf(profile.open())).toEqual(lost)
})
