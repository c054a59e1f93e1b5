/**
 * Every crash image of every workload of up to four steps {commit one block, commit two, free, truncate, checkpoint, reopen} over
 * three blocks of eight sectors: at each call of the medium every unsynced write is kept or dropped in all combinations, and one
 * of them grown, torn in four ways or trashed as well. Of lists longer than crossedMax the early entries are all kept or all dropped.
 * The numbers of the usual run are asserted exactly, for each length: a space that shrinks unnoticed proves nothing. An image is new
 * when no shorter workload, and none before it, has left the same one. docs/verification.md repeats them.
 */
import { describe, expect, test } from 'vitest'
import { isLong } from '../replay.ts'
import type { Step } from '../store-world.ts'
import { CrashChecker } from './crash-checker.ts'
import { alphabet, longAlphabet, workloadsOf } from './workloads.ts'

/** Of one length, in the order of its fields: [workloads, crash points, images, new images]. */
type Counts = readonly [workloads: number, crashPoints: number, images: number, newImages: number]

interface Space {
  readonly name: string
  readonly steps: readonly Step[]
  readonly damagedMax: number
  readonly crossedMax: number
  /** By length. */
  readonly owed: readonly Counts[]
}

const usual: readonly Space[] = [
  {
    name: 'of up to 4 steps, one write damaged',
    steps: alphabet,
    damagedMax: 1,
    crossedMax: 4,
    owed: [
      [1, 43, 3_479, 301],
      [4, 22, 320, 111],
      [20, 160, 5_208, 1_345],
      [109, 871, 24_274, 4_621],
      [614, 4_981, 139_952, 25_376],
    ],
  },
  {
    name: 'of up to 2 steps with relaxed and torn commits, two writes damaged',
    steps: longAlphabet,
    damagedMax: 2,
    crossedMax: 3,
    owed: [
      [1, 43, 4_895, 385],
      [6, 37, 1_383, 409],
      [42, 356, 35_614, 7_245],
    ],
  },
]

/** Hours of work: how many there are of the greatest length is known by their floors only. */
const long: readonly Omit<Space, 'owed'>[] = [
  { name: 'of up to 3 steps, two writes damaged, six crossed', steps: longAlphabet, damagedMax: 2, crossedMax: 6 },
  { name: 'of up to 4 steps, one write damaged, six crossed', steps: longAlphabet, damagedMax: 1, crossedMax: 6 },
]
const longFloors: readonly (readonly Counts[])[] = [
  [
    [1, 43, 0, 0],
    [6, 37, 0, 0],
    [42, 356, 0, 0],
    [300, 2_400, 0, 100_000],
  ],
  [
    [1, 43, 0, 0],
    [6, 37, 0, 0],
    [42, 356, 0, 0],
    [300, 2_400, 0, 0],
    [1_600, 15_000, 0, 60_000],
  ],
]

/** Runs every workload of each length; says what each length has added. */
async function enumerate({ name, steps, damagedMax, crossedMax }: Omit<Space, 'owed'>, lengthMax: number) {
  const rule = { damagedMax, crossedMax }
  const checker = new CrashChecker({ rule, nestedRule: rule, nestedDepth: () => 0 })
  const { counts, violations } = checker
  const now = (): Counts => [counts.workloads, counts.crashPoints, counts.images, counts.distinctImages]
  const byLength: Counts[] = []
  for (let length = 0; length <= lengthMax; length++) {
    const before = now()
    for (const workload of workloadsOf(length, steps)) await checker.check(workload)
    const [workloads, crashPoints, images, newImages] = now()
    byLength.push([workloads - before[0], crashPoints - before[1], images - before[2], newImages - before[3]])
  }
  console.log(`${name}: ${JSON.stringify(byLength)}`)
  expect(violations).toEqual([])
  return byLength
}

const timeoutMs = 7_200_000

describe('every crash image of every workload', () => {
  test.each(usual)(
    '$name',
    async (space) => {
      expect(await enumerate(space, space.owed.length - 1)).toEqual(space.owed)
    },
    timeoutMs,
  )

  test.each(isLong ? long.map((space, at) => ({ ...space, floors: longFloors[at] ?? [] })) : [])(
    '$name',
    async ({ floors, ...space }) => {
      const byLength = await enumerate(space, floors.length - 1)
      const below = floors.flatMap((floor, length) =>
        floor.filter((least, at) => (byLength[length]?.[at] ?? 0) < least),
      )
      expect(below).toEqual([])
    },
    timeoutMs,
  )
})
