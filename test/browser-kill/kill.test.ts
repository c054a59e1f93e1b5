/**
 * Whole browsers, and single pages, really killed while they write. The operating system keeps what it was handed, so what is shown is
 * that a death of processes loses nothing, not that a power loss does not.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Chromium, startChromium } from './chromium.ts'
import { builtFiles, type FileServer, serveScripts } from './file-server.ts'
import { killRounds, LEVEL, ROUNDS, SEED, told } from './kill-rounds.ts'
import { indexedDbBackend } from './profile.ts'
import { WriterPage } from './writer-page.ts'

const media = [
  { medium: 'OPFS', storage: 'opfs', backend: undefined },
  { medium: 'IndexedDB over LevelDB', storage: 'indexeddb', backend: 'leveldb' },
  { medium: 'IndexedDB over SQLite', storage: 'indexeddb', backend: 'sqlite' },
] as const

let server: FileServer
let profile: string
let chromium: Chromium | undefined

beforeAll(async () => {
  server = await serveScripts(['pages/writer.ts'], { files: builtFiles })
})
afterAll(() => server.close())
afterEach(async () => {
  await chromium?.kill()
  chromium = undefined
  rmSync(profile, { recursive: true, force: true })
})

describe.each(media)(`$medium, ${LEVEL}, ${ROUNDS} rounds, seed ${SEED}`, ({ medium, storage, backend }) => {
  const start = async () => (chromium = await startChromium({ profile, hasSqliteIndexedDb: backend === 'sqlite' }))
  const newProfile = () => (profile = mkdtempSync(path.join(tmpdir(), 'datasync-killed-')))

  test(
    'after a SIGKILL of the browser nothing acknowledged is missing, nothing torn, nothing there that was not begun',
    { timeout: ROUNDS * 10_000 + 30_000 },
    async () => {
      newProfile()
      const figures = await killRounds({
        storage,
        nextPage: async () => WriterPage.open(await start(), server.origin),
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
    { timeout: ROUNDS * 10_000 + 30_000 },
    async () => {
      newProfile()
      const browser = await start()
      const figures = await killRounds({
        storage,
        nextPage: () => WriterPage.open(browser, server.origin),
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
