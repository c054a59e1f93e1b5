/**
 * Parameters of randomised tests. Without settings each test runs the seeds that once failed (regressions/seeds.json) and a fixed
 * number of rounds from a fixed seed; DATASYNC_TEST_LONG=1 runs many more; DATASYNC_TEST_SEED chooses the seed;
 * DATASYNC_REPLAY="<test name> <seed> <path> [<replayPath>]" runs one case of one test (`npm run replay`).
 */
import { readFileSync } from 'node:fs'

export interface RandomRun {
  readonly seed: number
  readonly path?: string
  /** What fast-check prints for a failing sequence of commands. */
  readonly replayPath?: string
  readonly numRuns: number
}

const defaultSeed = 20_260_101
export const isLong = process.env['DATASYNC_TEST_LONG'] === '1'
/** One case runs: what is counted over many has nothing to say. */
export const isReplay = process.env['DATASYNC_REPLAY'] !== undefined

/** The runs owed by a test, in order. */
export function randomRuns(
  testName: string,
  rounds: { readonly usual: number; readonly long: number },
): readonly RandomRun[] {
  const [name, seed, path, replayPath] = process.env['DATASYNC_REPLAY']?.split(' ') ?? []
  if (name !== undefined)
    return name === testName ? [{ seed: Number(seed), numRuns: 1, ...given({ path, replayPath }) }] : []
  const fresh = {
    seed: Number(process.env['DATASYNC_TEST_SEED'] ?? defaultSeed),
    numRuns: isLong ? rounds.long : rounds.usual,
  }
  return [...regressionsOf(testName), fresh]
}

function regressionsOf(testName: string): readonly RandomRun[] {
  const file = new URL('../../regressions/seeds.json', import.meta.url)
  const listed = JSON.parse(readFileSync(file, 'utf8')) as readonly {
    test: string
    seed: number
    path?: string
    replayPath?: string
  }[]
  return listed
    .filter((one) => one.test === testName)
    .map(({ seed, path, replayPath }) => ({ seed, numRuns: 1, ...given({ path, replayPath }) }))
}

/** Without the keys that are undefined or empty. */
function given(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''),
  )
}
