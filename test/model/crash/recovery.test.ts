/**
 * R2: recovery is crashed at each of its calls, and the recovery of what that leaves once more; whatever unsynced writes become,
 * it ends in the state of the recovery that was not disturbed.
 */
import { expect, test } from 'vitest'
import { isLong } from '../replay.ts'
import { CrashChecker } from './crash-checker.ts'
import { longAlphabet, workloadsOf } from './workloads.ts'

test('a crash inside recovery, twice nested, changes nothing of what it ends in', async () => {
  const checker = new CrashChecker({
    rule: { damagedMax: 1, crossedMax: 4 },
    nestedRule: { damagedMax: 1, crossedMax: isLong ? 4 : 2 },
    nestedDepth: (steps) => (steps === 1 ? 2 : isLong && steps === 2 ? 1 : 0),
  })
  for (let length = 0; length <= (isLong ? 2 : 1); length++) {
    for (const workload of workloadsOf(length, longAlphabet)) await checker.check(workload)
  }
  const { counts } = checker
  console.log(`crashes inside recovery: ${JSON.stringify(counts)}`)
  expect(checker.violations).toEqual([])
  expect(counts.nestedImages).toBeGreaterThanOrEqual(isLong ? 1_000_000 : 50_000)
  expect(counts.distinctImages).toBeGreaterThanOrEqual(isLong ? 50_000 : 5_000)
}, 7_200_000)
