/**
 * R2: recovery is crashed at each of its calls, and the recovery of what that leaves once more; whatever unsynced writes become,
 * it ends in the state of the recovery that was not disturbed.
 */
import { expect, test } from 'vitest'
import { isLong } from '../replay.ts'
import type { Step } from '../store-world.ts'
import { CrashChecker } from './crash-checker.ts'
import { longAlphabet, workloadsOf } from './workloads.ts'

const usual: readonly (readonly Step[])[] = [['two'], ['one', 'checkpoint']]
const long = [1, 2].flatMap((length) => workloadsOf(length, longAlphabet))

test('a crash inside recovery, twice nested, changes nothing of what it ends in', async () => {
  const checker = new CrashChecker({
    rule: { damagedMax: 1, crossedMax: 4 },
    nestedRule: { damagedMax: 1, crossedMax: isLong ? 4 : 1 },
    nestedDepth: (steps) => (steps === 1 ? 2 : 1),
  })
  for (const workload of isLong ? long : usual) await checker.check(workload)
  const { counts } = checker
  console.log(`crashes inside recovery: ${JSON.stringify(counts)}`)
  expect(checker.violations).toEqual([])
  if (!isLong) {
    expect(counts).toEqual({ workloads: 2, crashPoints: 14, images: 281, distinctImages: 9_298, nestedImages: 65_160 })
    return
  }
  expect(counts.workloads).toBe(48)
  expect(counts.nestedImages).toBeGreaterThanOrEqual(500_000)
  expect(counts.distinctImages).toBeGreaterThanOrEqual(60_000)
}, 7_200_000)
