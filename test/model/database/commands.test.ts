import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLong, isReplay, randomRuns } from '../replay.ts'
import {
  checkpoint,
  kill,
  newOracle,
  newTally,
  newWorld,
  powerLoss,
  remove,
  reopen,
  rollback,
  vacuum,
  write,
} from './commands.ts'
import { flips } from './flips.ts'

const testName = 'database-commands'
const level = fc.constantFrom('strict' as const, 'relaxed' as const, 'deferred' as const)
const ids = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 })
const length = fc.constantFrom(10, 500, 3000, 30_000)
const writes = fc.tuple(ids, length, level).map((of) => write(...of))

/** Writing is listed several times: weights. */
const commands = [
  writes,
  writes,
  writes,
  length.map(rollback),
  fc.integer({ min: 2, max: 40 }).map(remove),
  fc.constant(vacuum),
  fc.constant(checkpoint),
  fc.constant(reopen),
  fc.constant(kill),
  fc.array(fc.nat(7), { minLength: 1, maxLength: 20 }).map(powerLoss),
  flips,
]

describe(testName, () => {
  const tally = newTally()

  test.each(randomRuns(testName, { usual: 60, long: 6000 }))(
    'database-commands from seed $seed $path',
    async ({ replayPath, ...parameters }) => {
      await fc.assert(
        fc.asyncProperty(
          fc.commands(commands, { maxCommands: 30, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) }),
          async (sequence) => {
            const oracle = newOracle()
            const world = await newWorld(oracle, tally)
            await fc.asyncModelRun(() => ({ model: oracle, real: world }), sequence)
            await world.db.close()
            tally.runs += 1
            tally.transactions += oracle.sealedTxid
          },
        ),
        parameters,
      )
    },
    isLong ? 3_600_000 : 180_000,
  )

  test.runIf(!isReplay)('it crashed, wrote, spilled and rotted', () => {
    console.log(`database commands: ${JSON.stringify(tally)}`)
    expect(tally.crashes).toBeGreaterThan(tally.runs)
    expect(tally.transactions).toBeGreaterThan(tally.runs)
    for (const [what, count] of Object.entries(tally)) expect(count, what).toBeGreaterThan(0)
  })
})
