/** A store that comes back emptier than its witness has seen it: said at every opening, until somebody chooses. */
import { expect, test } from 'vitest'
import { databaseName } from '../../src/storage/indexeddb/schema.ts'
import { errorOf } from '../api/harness.ts'
import { BrowserProfile } from './browser-profile.ts'
import { copyOfDatabase } from './idb-copy.ts'

/** Two transactions were durable at its last end, and one of them is there. */
async function rolledBack() {
  const profile = new BrowserProfile()
  const first = await profile.open()
  await first.exec('CREATE TABLE t(v)')
  const { storeId } = first.recoveryReport
  await first.close()
  const putBack = await copyOfDatabase(databaseName(profile.name))
  const second = await profile.open()
  await second.exec("INSERT INTO t VALUES ('lost')")
  await second.close()
  await putBack()
  return { profile, storeId }
}

const valuesIn = async (profile: BrowserProfile, options: Parameters<BrowserProfile['open']>[0] = {}) => {
  const db = await profile.open(options)
  const rows = await db.query('SELECT v FROM t')
  await db.exec('INSERT INTO t VALUES (?)', [rows.length])
  await db.close()
  return { rows, found: db.recoveryReport.found }
}

test('is STORE_LOST with what was durable there, at every opening', async () => {
  const { profile, storeId } = await rolledBack()
  for (const _ of ['first', 'second']) {
    const error = await errorOf(profile.open())
    expect(error).toMatchObject({
      code: 'STORE_LOST',
      message: expect.stringContaining('indexeddb held transaction 2 of epoch 2 durably and does not any more'),
      details: { medium: 'indexeddb', storeId, epoch: 2, durableTxid: 2 },
    })
  }
})

test('goes on from what is there with onLost "open", and is a store like any other then', async () => {
  const { profile } = await rolledBack()
  expect(await valuesIn(profile, { whenLost: 'open' })).toEqual({ rows: [], found: 'existing' })
  expect(await valuesIn(profile)).toEqual({ rows: [{ v: 0 }], found: 'existing' })
})

test('is destroyed like any other, and a new one is made', async () => {
  const { profile, storeId } = await rolledBack()
  await profile.place().destroy()
  const { recoveryReport } = await profile.open()
  expect(recoveryReport.found).toBe('created')
  expect(recoveryReport.storeId).not.toBe(storeId)
})

test('as it is put back without a newer witness, it is what it was', async () => {
  const profile = new BrowserProfile()
  const db = await profile.open()
  await db.exec('CREATE TABLE t(v)')
  await db.close()
  const putBack = await copyOfDatabase(databaseName(profile.name))
  await putBack()
  expect(await valuesIn(profile)).toEqual({ rows: [], found: 'existing' })
})
