/** Long random lives of one store: writes, checkpoints, crashes and faults in any order, held against the reference after each. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLong, isReplay, randomRuns } from '../replay.ts'
import { CommandWorld, newTally } from './command-world.ts'
import { commandSequences } from './store-commands.ts'

const testName = 'store-commands'
const tally = newTally()

describe(testName, () => {
  test.each(randomRuns(testName, { usual: 300, long: 30_000 }))(
    'store-commands from seed $seed $path',
    async ({ replayPath, ...parameters }) => {
      await fc.assert(
        fc.asyncProperty(commandSequences(60, replayPath), async (commands) => {
          const world = new CommandWorld(tally)
          await world.open()
          await fc.asyncModelRun(() => ({ model: {}, real: world }), commands)
        }),
        parameters,
      )
    },
    isLong ? 3_600_000 : 120_000,
  )

  test.runIf(!isReplay)('every fault struck', () => {
    console.log(JSON.stringify(tally))
    for (const [what, count] of Object.entries(tally)) expect(count, what).toBeGreaterThan(0)
  })
})
