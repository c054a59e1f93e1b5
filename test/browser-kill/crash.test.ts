/** Pages whose processes die while they write, as in a crash; the browser goes on, and so does the next page. */
import { expect, test } from 'vitest'
import { killRounds, LEVEL, media, ROUNDS, SEED, timeout, told } from './kill-rounds.ts'
import { indexedDbBackend } from './profile.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const rig = useRig(['pages/writer.ts'])

test.each(media)(
  `after a crash of the page nothing acknowledged on $medium is missing, torn, or there without having been begun (${LEVEL}, ${ROUNDS} rounds, seed ${SEED})`,
  { timeout },
  async ({ medium, storage, backend }) => {
    const profile = rig.newProfile()
    const chromium = await rig.start({ profile, hasSqliteIndexedDb: backend === 'sqlite' })
    const figures = await killRounds({
      storage,
      nextPage: () => WriterPage.open(chromium, rig.origin),
      async kill({ page }) {
        await page.crash()
        await page.close()
      },
    })
    expect(figures).toMatchObject({ rounds: ROUNDS, lostStores: 0 })
    await chromium.close()
    if (backend !== undefined) expect(indexedDbBackend(profile)).toBe(backend)
    console.log(told(`Page.crash, ${medium}`, figures))
  },
)
