/**
 * Two projects. `node`: every test file in its own process, so that locks and WASM instances never meet. `browser`: files that end in
 * `.browser.test.ts`, in a page of headless Chromium with a profile on the disk, one file after the other.
 */
import { playwright } from '@vitest/browser-playwright'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { defineConfig } from 'vitest/config'
import { chromiumFlags, findChromium } from './scripts/chromium.mjs'

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
          globalSetup: 'test/browser/remove-profile.ts',
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { ...(executablePath === undefined ? {} : { executablePath }), args: chromiumFlags },
              // Without one everything lies in memory, as in a private window.
              persistentContext: path.join(tmpdir(), `datasync-browser-${process.pid}`),
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
