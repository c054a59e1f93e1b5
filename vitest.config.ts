/**
 * Two projects. `node`: every test file in its own process, so that locks and WASM instances never meet. `browser`: files that end in
 * `.browser.test.ts`, in a page of headless Chromium with a profile on the disk, one file after the other.
 */
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumFlags, findChromium } from './scripts/chromium.mjs'
import { freshProfile } from './test/browser/fresh-profile.ts'

const browserTests = 'test/browser/**/*.browser.test.ts'
const executablePath = findChromium()

export default defineConfig({
  test: {
    maxWorkers: 2,
    passWithNoTests: false,
    sequence: { shuffle: false },
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [browserTests],
          pool: 'forks',
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: [browserTests],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { ...(executablePath === undefined ? {} : { executablePath }), args: chromiumFlags },
              // Without one everything lies in memory, as in a private window.
              persistentContext: freshProfile(),
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
