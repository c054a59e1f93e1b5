/**
 * Whole browsers, really killed while a page writes. The operating system keeps what it was handed, so what is shown is that a death of
 * processes loses nothing, not that a power loss does not.
 */
import { expect, test } from 'vitest'
import type { Chromium } from './chromium.ts'
import { killRounds, LEVEL, media, ROUNDS, SEED, timeout, told } from './kill-rounds.ts'
import { indexedDbBackend } from './profile.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const rig = useRig(['pages/writer.ts'])

test.each(media)(
  `after a SIGKILL of the browser nothing acknowledged on $medium is missing, torn, or there without having been begun (${LEVEL}, ${ROUNDS} rounds, seed ${SEED})`,
  { timeout },
  async ({ medium, storage, backend }) => {
    const profile = rig.newProfile()
    let chromium: Chromium | undefined
    const figures = await killRounds({
      storage,
      async nextPage() {
        chromium = await rig.start({ profile, hasSqliteIndexedDb: backend === 'sqlite' })
        return WriterPage.open(chromium, rig.origin)
      },
      async kill() {
        expect(await chromium?.kill()).toBeGreaterThan(2)
      },
    })
    expect(figures.rounds).toBe(ROUNDS)
    if (backend !== undefined) expect(indexedDbBackend(profile)).toBe(backend)
    console.log(told(`SIGKILL, ${medium}`, figures))
  },
)
