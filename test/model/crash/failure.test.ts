/**
 * Compound: one call of the medium fails, the caller repairs the open store and goes on, and at every call from then on the power is
 * lost. What a failed barrier abandoned may or may not have reached the medium.
 */
import { describe, expect, test } from 'vitest'
import { isLong } from '../replay.ts'
import type { CallKind } from '../sim-faults.ts'
import type { Step } from '../store-world.ts'
import { CrashChecker } from './crash-checker.ts'

interface Workload {
  readonly steps: readonly Step[]
  /** Of the usual run, exactly: failures that struck, crash points behind them, their images, and how many of those differ. */
  readonly owed?: readonly [failures: number, crashPoints: number, images: number, distinctImages: number]
}

const usual: readonly Workload[] = [
  { steps: ['one', 'checkpoint', 'two', 'checkpoint'], owed: [50, 531, 18_027, 3_769] },
  { steps: ['relaxed', 'relaxed', 'checkpoint', 'one'], owed: [34, 324, 13_666, 4_282] },
]
const long: readonly Workload[] = [
  { steps: ['two', 'checkpoint', 'free', 'checkpoint', 'one'] },
  { steps: ['one', 'one', 'one'] },
  { steps: ['two', 'relaxed', 'two', 'relaxed', 'one'] },
  { steps: ['one', 'reopen', 'two', 'checkpoint'] },
]
const kinds: readonly CallKind[] = ['flush', 'write', 'read']

const workloads = (isLong ? [...usual, ...long] : usual).map((one) => ({ ...one, name: one.steps.join(' ') }))

describe('a failure, and then a crash', () => {
  test.each(workloads)(
    '$name',
    async ({ steps, name, owed }) => {
      const checker = new CrashChecker({
        rule: { damagedMax: 1, crossedMax: isLong ? 4 : 2 },
        nestedRule: { damagedMax: 0, crossedMax: 0 },
        nestedDepth: () => 0,
      })
      for (const kind of kinds) {
        const fault = { kinds: [kind], error: 'EIO', applied: 'half', isLasting: false } as const
        for (let nth = 1; await checker.checkAfterFailure(steps, { ...fault, nth }); nth++);
      }
      const { counts, violations } = checker
      console.log(`${name}: ${JSON.stringify(counts)}`)
      expect(violations).toEqual([])
      expect(counts.workloads).toBeGreaterThan(steps.length * 3)
      expect(counts.distinctImages).toBeGreaterThan(1_000)
      if (owed === undefined || isLong) return
      expect([counts.workloads, counts.crashPoints, counts.images, counts.distinctImages]).toEqual(owed)
    },
    7_200_000,
  )
})
