/**
 * Whole browsers, and single pages, really killed while they write. The operating system keeps what it was handed, so what is shown is
 * that a death of processes loses nothing, not that a power loss does not.
 */
import { describe, expect, test } from 'vitest'
import type { Chromium } from './chromium.ts'
import { killRounds, LEVEL, ROUNDS, SEED, told } from './kill-rounds.ts'
import { indexedDbBackend } from './profile.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const rig = useRig(['pages/writer.ts'])
const media = [
  { medium: 'OPFS', storage: 'opfs', backend: undefined },
  { medium: 'IndexedDB over LevelDB', storage: 'indexeddb', backend: 'leveldb' },
  { medium: 'IndexedDB over SQLite', storage: 'indexeddb', backend: 'sqlite' },
] as const
const timeout = ROUNDS * 10_000 + 30_000

describe.each(media)(`$medium, ${LEVEL}, ${ROUNDS} rounds, seed ${SEED}`, ({ medium, storage, backend }) => {
  const start = (profile: string) => rig.start({ profile, hasSqliteIndexedDb: backend === 'sqlite' })

  test(
    'after a SIGKILL of the browser nothing acknowledged is missing, nothing torn, nothing there that was not begun',
    { timeout },
    async () => {
      const profile = rig.newProfile()
      let chromium: Chromium | undefined
      const figures = await killRounds({
        storage,
        nextPage: async () => WriterPage.open((chromium = await start(profile)), rig.origin),
        async kill() {
          expect(await chromium?.kill()).toBeGreaterThan(2)
        },
      })
      expect(figures.rounds).toBe(ROUNDS)
      if (backend !== undefined) expect(indexedDbBackend(profile)).toBe(backend)
      console.log(told(`SIGKILL, ${medium}`, figures))
    },
  )

  test(
    'after a crash of the page nothing acknowledged is missing, nothing torn, nothing there that was not begun',
    { timeout },
    async () => {
      const profile = rig.newProfile()
      const browser = await start(profile)
      const figures = await killRounds({
        storage,
        nextPage: () => WriterPage.open(browser, rig.origin),
        async kill({ page }) {
          await page.crash()
          await page.close()
        },
      })
      expect(figures).toMatchObject({ rounds: ROUNDS, lostStores: 0 })
      await browser.close()
      if (backend !== undefined) expect(indexedDbBackend(profile)).toBe(backend)
      console.log(told(`Page.crash, ${medium}`, figures))
    },
  )
})
