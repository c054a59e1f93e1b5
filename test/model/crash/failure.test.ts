/**
 * Compound: one call of the medium fails, the caller repairs the open store and goes on, and at every call from then on the power is
 * lost. What a failed barrier abandoned may or may not have reached the medium.
 */
import { describe, expect, test } from 'vitest'
import { isLong } from '../replay.ts'
import type { CallKind } from '../sim-faults.ts'
import type { Step } from '../store-world.ts'
import { CrashChecker } from './crash-checker.ts'

const usual: readonly (readonly Step[])[] = [
  ['one', 'checkpoint', 'two', 'checkpoint'],
  ['relaxed', 'relaxed', 'checkpoint', 'one'],
]
const long: readonly (readonly Step[])[] = [
  ['two', 'checkpoint', 'free', 'checkpoint', 'one'],
  ['one', 'one', 'one'],
  ['two', 'relaxed', 'two', 'relaxed', 'one'],
  ['one', 'reopen', 'two', 'checkpoint'],
]
const kinds: readonly CallKind[] = ['flush', 'write', 'read']

const workloads = (isLong ? [...usual, ...long] : usual).map((steps) => ({ steps, name: steps.join(' ') }))

describe('a failure, and then a crash', () => {
  test.each(workloads)(
    '$name',
    async ({ steps, name }) => {
      const checker = new CrashChecker({
        rule: { damagedMax: 1, crossedMax: isLong ? 4 : 2 },
        nestedRule: { damagedMax: 0, crossedMax: 0 },
        nestedDepth: () => 0,
      })
      for (const kind of kinds) {
        const fault = { kinds: [kind], error: 'EIO', applied: 'half', isLasting: false } as const
        for (let nth = 1; await checker.checkAfterFailure(steps, { ...fault, nth }); nth++);
      }
      console.log(`${name}: ${JSON.stringify(checker.counts)}`)
      expect(checker.violations).toEqual([])
      expect(checker.counts.workloads).toBeGreaterThan(steps.length * 3)
      expect(checker.counts.distinctImages).toBeGreaterThan(1_000)
    },
    7_200_000,
  )
})
