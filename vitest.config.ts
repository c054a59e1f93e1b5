import { defineConfig } from 'vitest/config'

/** Every test file in its own process, two at a time: locks and WASM instances never meet, and two cores are enough. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    passWithNoTests: false,
    sequence: { shuffle: false },
  },
})
