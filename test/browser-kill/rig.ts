/** What these tests have in common: a server of the page that writes, and browsers and profiles that go when a test ends. */
import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type Chromium, type ChromiumOptions, startChromium } from './chromium.ts'
import { builtFiles, type FileServer, type ServeOptions, serveScripts } from './file-server.ts'
import { newProfileDirectory } from './profile.ts'

export interface Rig {
  readonly origin: string
  /** On a new profile unless one is named. */
  start(options?: Partial<ChromiumOptions>): Promise<Chromium>
  newProfile(): string
}

/** To be called once, at the top of a file of tests. An entry is a path beside this file. */
export function useRig(entries: readonly string[], options: Omit<ServeOptions, 'files'> = {}): Rig {
  let server: FileServer | undefined
  const started: Chromium[] = []
  const profiles: string[] = []
  beforeAll(async () => {
    server = await serveScripts(entries, { ...options, files: builtFiles })
  })
  afterAll(() => server?.close())
  afterEach(async () => {
    for (const chromium of started.splice(0)) await chromium.kill()
    for (const profile of profiles.splice(0)) rmSync(profile, { recursive: true, force: true })
  })
  const newProfile = () => {
    const profile = newProfileDirectory()
    profiles.push(profile)
    return profile
  }
  return {
    get origin() {
      if (server === undefined) throw new Error('the server starts before the first test')
      return server.origin
    },
    newProfile,
    async start(options = {}) {
      const chromium = await startChromium({ profile: options.profile ?? newProfile(), ...options })
      started.push(chromium)
      return chromium
    },
  }
}
