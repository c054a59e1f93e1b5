/** A store that is deleted while it is open: that is said, to those who wait and to those who come later, and not only after a deadline. */
import { expect, test } from 'vitest'
import type { Page } from './page.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const rig = useRig(['pages/writer.ts'])
const STORED = 'lost'

const clear = (other: Page) =>
  other.send('Storage.clearDataForOrigin', { origin: rig.origin, storageTypes: 'indexeddb' })
const deleteStore = (other: Page) =>
  other.evaluate(`new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase('datasync:${STORED}')
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error)
  })`)

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
  await page.page.close()
  const another = await WriterPage.open(chromium, rig.origin)
  expect(await another.openStore(STORED, { storage: 'indexeddb' })).toBe('STORE_LOST')
})
