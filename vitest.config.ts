/**
 * Four projects. `pure`: files that end nothing and leave nothing behind, several to a process. `node`: every file in its own process,
 * so that kills, replaced modules and what a process weighs never meet. `browser`: files that end in `.browser.test.ts`, in a page of headless Chromium with a profile
 * on the disk, one file after the other. `browser-sqlite`: the contract on IndexedDB once more, in a Chromium that keeps IndexedDB in SQLite.
 */
import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { chromiumFlags, findChromium } from './scripts/chromium.mjs'
import { type IndexedDbBackend, indexedDbBackend, sqliteFlag } from './test/browser-kill/profile.ts'
import { freshProfile } from './test/browser/fresh-profile.ts'

const browserTests = 'test/browser/**/*.browser.test.ts'
const pureTests = [
  ...['unit', 'model', 'contract', 'indexeddb', 'host'].map((folder) => `test/${folder}/**/*.test.ts`),
  // How much memory is in use, and modules that are others than shipped, are of a process.
  'test/api/!(large|wasm-file).test.ts',
  'test/attacks/!(lease).test.ts',
]
const patient = { testTimeout: 300_000, hookTimeout: 120_000 }
const executablePath = findChromium()

export default defineConfig({
  test: {
    maxWorkers: 2,
    passWithNoTests: false,
    sequence: { shuffle: false },
    projects: [
      {
        test: {
          name: 'pure',
          include: pureTests,
          pool: 'forks',
          isolate: false,
          // Millions of small objects that live for a moment: room for them from the start, and no threads that tidy beside those who work.
          execArgv: ['--min-semi-space-size=32', '--max-semi-space-size=32', '--single-threaded-gc'],
          ...patient,
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [browserTests, ...pureTests],
          pool: 'forks',
          ...patient,
        },
      },
      browserProject({ name: 'browser', include: browserTests, backend: 'leveldb' }),
      browserProject({
        name: 'browser-sqlite',
        include: 'test/browser/indexeddb.browser.test.ts',
        backend: 'sqlite',
        flags: [sqliteFlag],
      }),
    ],
  },
})

interface BrowserProject {
  readonly name: string
  readonly include: string
  /** What its Chromium has to keep IndexedDB in. */
  readonly backend: IndexedDbBackend
  readonly flags?: readonly string[]
}

/** A Chromium with a profile of its own. */
function browserProject({ name, include, backend, flags = [] }: BrowserProject): TestProjectInlineConfiguration {
  const profile = freshProfile(name)
  return {
    test: {
      name,
      include: [include],
      provide: { backend },
      testTimeout: 120_000,
      hookTimeout: 60_000,
      fileParallelism: false,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: {
            ...(executablePath === undefined ? {} : { executablePath }),
            args: [...chromiumFlags, ...flags],
          },
          // Without one everything lies in memory, as in a private window.
          persistentContext: profile,
        }),
        instances: [{ browser: 'chromium' }],
        commands: { backendOfProfile: () => indexedDbBackend(profile) },
      },
    },
  }
}
