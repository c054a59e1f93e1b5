/** A store that is deleted while it is open: that is said, to those who wait and to those who come later, and not only after a deadline. */
import { describe, expect, test } from 'vitest'
import { limits } from '../../src/limits.ts'
import type { Chromium } from './chromium.ts'
import type { Page } from './page.ts'
import type { Told } from './pages/writer.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const rig = useRig(['pages/writer.ts'])
const STORED = 'lost'

const clear = (other: Page, storageTypes = 'indexeddb') =>
  other.send('Storage.clearDataForOrigin', { origin: rig.origin, storageTypes })
const clearFiles = (other: Page) => clear(other, 'file_systems')
/** Chromium removes no file that is open, and no directory of one; the root with all that is in it it does. */
const removeFiles = (other: Page) =>
  other.evaluate('navigator.storage.getDirectory().then((root) => root.remove({ recursive: true }))')
const deleteStore = (other: Page) =>
  other.evaluate(`new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase('datasync:${STORED}')
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })`)

/** Its close ends, and it has said why: as the close's error, as status and as event. */
async function expectFailed(page: WriterPage, why: string) {
  expect(await page.page.evaluate('writer.end()')).toBe('STORE_LOST')
  const { state, reason, failures } = await page.page.evaluate<Told>('writer.heard()')
  expect(failures).toContain('STORE_LOST')
  expect(state).toBe('failed')
  expect(reason).toContain(why)
}

test.each([
  { what: 'deleted by another page', lose: deleteStore },
  { what: 'cleared by the user', lose: clear },
])('a database on IndexedDB that is $what while it is written is STORE_LOST', async ({ lose }) => {
  const chromium = await rig.start()
  const page = await WriterPage.open(chromium, rig.origin)
  await page.openWitnessed(STORED, { storage: 'indexeddb' })
  await page.start({ inFlight: 5, durability: 'strict' }, { after: 0 })
  const other = await chromium.openPage(`${rig.origin}/`)
  await page.until(20)
  await lose(other)
  // Long before a deadline.
  await expect.poll(() => page.failures.join(), { timeout: 5000 }).toMatch('STORE_LOST')
  await page.page.evaluate('writer.stop()')
  expect(page.acknowledgements + page.failures.length).toBe(page.begun)
  for (const failure of page.failures) expect(failure).toMatch(/STORE_LOST|STORAGE_FAILED/)
  await expectFailed(page, 'the database was deleted while it was open')
  await page.page.close()
  const another = await WriterPage.open(chromium, rig.origin)
  expect(await another.openStore(STORED, { storage: 'indexeddb' })).toBe('STORE_LOST')
})

describe('files on OPFS that are lost while their database is open', () => {
  /** A page with a store of three rows, and another one that will lose it. */
  async function openTwo() {
    const chromium = await rig.start()
    const page = await WriterPage.open(chromium, rig.origin)
    await page.openWitnessed(STORED, { storage: 'opfs' })
    return { chromium, page, other: await chromium.openPage(`${rig.origin}/`) }
  }

  /** It has failed, and whoever opens it next is told, in the same browser. */
  async function examine(page: WriterPage, chromium: Chromium) {
    await expectFailed(page, 'opfs:datasync/lost')
    expect(await page.openStore(STORED, { storage: 'opfs' })).toBe('STORE_LOST')
    expect(await page.openStore(STORED, { storage: 'opfs', recovery: { onLost: 'open' } })).toBe('created')
    await page.prepare()
    await page.close()
    const another = await WriterPage.open(chromium, rig.origin)
    expect(await another.openStore(STORED, { storage: 'opfs' })).toBe('existing')
  }

  test.each([
    { what: 'cleared by the user', lose: clearFiles },
    { what: 'removed by another page', lose: removeFiles },
  ])('are STORE_LOST to whoever writes, within moments: $what', async ({ lose }) => {
    const { chromium, page, other } = await openTwo()
    await page.start({ inFlight: 5, durability: 'strict' }, { after: 0 })
    await page.until(20)
    await lose(other)
    const lostMs = performance.now()
    // Long before a deadline.
    await expect.poll(() => page.failures.join(), { timeout: 5000, interval: 10 }).toMatch('STORE_LOST')
    const toldMs = performance.now()
    await page.page.evaluate('writer.stop()')
    expect(page.acknowledgements + page.failures.length).toBe(page.begun)
    for (const failure of page.failures) expect(failure).toMatch(/STORE_LOST|DATABASE_CLOSED/)
    console.log(`lost while it is written: told ${Math.round(toldMs - lostMs)} ms later`)
    await examine(page, chromium)
  })

  test('are STORE_LOST to whoever was acknowledged last and does nothing more', async () => {
    const { chromium, page, other } = await openTwo()
    expect(await page.page.evaluate('writer.writeOne()')).toBe('done')
    await clearFiles(other)
    await page.page.evaluate('writer.writeOne()')
    await expect.poll(() => page.page.evaluate('writer.heard().state'), { timeout: 5000 }).toBe('failed')
    await examine(page, chromium)
  })

  test('are STORE_LOST to the first who writes after a pause, who is not acknowledged', async () => {
    const { chromium, page, other } = await openTwo()
    await other.evaluate(`new Promise((resolve) => setTimeout(resolve, ${2 * limits.lookMsMax}))`)
    await clearFiles(other)
    expect(await page.page.evaluate('writer.writeOne()')).toBe('STORE_LOST')
    await examine(page, chromium)
  })

  test('are STORE_LOST to a close that follows at once', async () => {
    const { chromium, page, other } = await openTwo()
    await removeFiles(other)
    await examine(page, chromium)
  })
})
