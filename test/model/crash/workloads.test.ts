/**
 * Every crash image of every workload of up to four steps {commit one block, commit two, free, truncate, checkpoint, reopen} over
 * three blocks of eight sectors: at each call of the medium every unsynced write is kept or dropped in all combinations, and one
 * of them grown, torn in four ways or trashed as well. Of lists longer than crossedMax the early entries are all kept or all dropped.
 * The numbers are asserted: a space that shrinks unnoticed proves nothing.
 */
import { describe, expect, test } from 'vitest'
import { isLong } from '../replay.ts'
import type { Step } from '../store-world.ts'
import { CrashChecker } from './crash-checker.ts'
import { alphabet, longAlphabet, workloadsOf } from './workloads.ts'

interface Space {
  readonly name: string
  readonly steps: readonly Step[]
  readonly lengthMax: number
  readonly damagedMax: number
  readonly crossedMax: number
  readonly owed: { readonly workloads: number; readonly crashPoints: number; readonly distinctImages: number }
}

const spaces: readonly Space[] = [
  {
    name: 'of up to 4 steps, one write damaged',
    steps: alphabet,
    lengthMax: 4,
    damagedMax: 1,
    crossedMax: 4,
    owed: { workloads: 748, crashPoints: 6_000, distinctImages: 31_000 },
  },
  {
    name: 'of up to 2 steps with relaxed and torn commits, two writes damaged',
    steps: longAlphabet,
    lengthMax: isLong ? 3 : 2,
    damagedMax: 2,
    crossedMax: isLong ? 6 : 3,
    owed: isLong
      ? { workloads: 361, crashPoints: 2_900, distinctImages: 110_000 }
      : { workloads: 49, crashPoints: 430, distinctImages: 3_000 },
  },
  ...(isLong
    ? [
        {
          name: 'of 4 steps with relaxed and torn commits, one write damaged',
          steps: longAlphabet,
          lengthMax: 4,
          damagedMax: 1,
          crossedMax: 6,
          owed: { workloads: 2_000, crashPoints: 18_000, distinctImages: 80_000 },
        },
      ]
    : []),
]

describe('every crash image of every workload', () => {
  test.each(spaces)(
    '$name',
    async ({ name, steps, lengthMax, damagedMax, crossedMax, owed }) => {
      const rule = { damagedMax, crossedMax }
      const checker = new CrashChecker({ rule, nestedRule: rule, nestedDepth: () => 0 })
      for (let length = 0; length <= lengthMax; length++) {
        for (const workload of workloadsOf(length, steps)) await checker.check(workload)
      }
      const { counts } = checker
      console.log(`${name}: ${JSON.stringify(counts)}`)
      expect(checker.violations).toEqual([])
      expect(counts.workloads).toBeGreaterThanOrEqual(owed.workloads)
      expect(counts.crashPoints).toBeGreaterThanOrEqual(owed.crashPoints)
      expect(counts.distinctImages).toBeGreaterThanOrEqual(owed.distinctImages)
    },
    7_200_000,
  )
})
