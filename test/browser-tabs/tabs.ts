/** One browser for all tests of a file. Each test has pages of its own, which go with it, and a database that nobody had. */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll } from 'vitest'
import { type Chromium, startChromium } from '../browser-kill/chromium.ts'
import { builtFiles, type FileServer, serveScripts } from '../browser-kill/file-server.ts'
import { newProfileDirectory } from '../browser-kill/profile.ts'
import { MemberPage } from './member-page.ts'

export interface Tabs {
  readonly origin: string
  readonly chromium: Chromium
  /** How often a path was asked for. */
  requestsOf(pathname: string): number
  /** Of a database that nobody had. */
  newName(): string
  /** Pages that have loaded the script and opened nothing, numbered from 0; they are closed when `use` has ended. */
  withPages(count: number, use: (pages: MemberPages) => Promise<void>): Promise<void>
}

/** Pages of one test. More may be asked for; those go with them. */
export interface MemberPages {
  readonly all: readonly MemberPage[]
  /** @throws when there is none */
  at(index: number): MemberPage
  more(): Promise<MemberPage>
}

/** To be called once, at the top of a file of tests. Scripts are paths beside this file; texts are served by their paths. */
export function useTabs(
  scripts: readonly string[] = [],
  makeTexts = () => Promise.resolve<Readonly<Record<string, string>>>({}),
): Tabs {
  const profile = newProfileDirectory()
  let server: FileServer | undefined
  let chromium: Chromium | undefined
  let names = 0
  beforeAll(async () => {
    const entries = ['pages/member.ts', ...scripts].map((script) => `../browser-tabs/${script}`)
    server = await serveScripts(entries, { files: builtFiles, texts: await makeTexts() })
    chromium = await startChromium({ profile })
  })
  afterAll(async () => {
    await chromium?.kill()
    await server?.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  })
  const started = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('it starts before the first test')
    return value
  }
  return {
    get origin() {
      return started(server).origin
    },
    get chromium() {
      return started(chromium)
    },
    requestsOf: (pathname) => started(server).requestsOf(pathname),
    newName: () => `tabs-${++names}`,
    async withPages(count, use) {
      const all: MemberPage[] = []
      const more = async () => {
        const page = await MemberPage.open(started(chromium), started(server).origin, all.length)
        all.push(page)
        return page
      }
      const at = (index: number) => {
        const page = all[index]
        if (page === undefined) throw new Error(`there is no page ${index}`)
        return page
      }
      try {
        while (all.length < count) await more()
        await use({ all, at, more })
      } finally {
        for (const page of all) await page.end()
      }
    },
  }
}
