/** Chromium throws an IndexedDB away that it finds damaged, and says so once. Where there are no files, that is the only sign of a loss. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { OpenOptions } from '../../src/browser.ts'
import { indexedDbBackend } from './profile.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const rig = useRig(['pages/writer.ts'])

/** What LevelDB reads first. */
function damageManifest(profile: string): void {
  expect(indexedDbBackend(profile)).toBe('leveldb')
  const root = path.join(profile, 'Default/IndexedDB')
  const manifests = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('MANIFEST'))
  expect(manifests).toHaveLength(1)
  for (const name of manifests) writeFileSync(path.join(root, name), readFileSync(path.join(root, name)).fill(0xff))
}

/** A page without an origin private file system, in a browser of its own. */
async function openPage(profile: string) {
  const chromium = await rig.start({ profile })
  const page = await WriterPage.open(chromium, rig.origin)
  await page.page.evaluate('void delete StorageManager.prototype.getDirectory')
  expect(await page.page.evaluate('typeof navigator.storage.getDirectory')).toBe('undefined')
  return {
    chromium,
    openStore: (options: OpenOptions = {}) => page.openStore('damaged', { worker: false, ...options }),
    page,
  }
}

test('a damaged IndexedDB is STORE_LOST at every opening, in the next browser too, until onLost "open"', async () => {
  const profile = rig.newProfile()
  const first = await openPage(profile)
  expect(await first.openStore()).toBe('created')
  await first.page.prepare()
  await first.page.close()
  await first.chromium.close()
  damageManifest(profile)

  const second = await openPage(profile)
  expect(await second.openStore()).toBe('STORE_LOST')
  expect(await second.openStore({ storage: 'indexeddb' })).toBe('STORE_LOST')
  await second.chromium.close()

  const third = await openPage(profile)
  expect(await third.openStore()).toBe('STORE_LOST')
  expect(await third.openStore({ recovery: { onLost: 'open' } })).toBe('created')
  await third.page.close()
  expect(await third.openStore()).toBe('existing')
})
