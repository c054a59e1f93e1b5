/**
 * Reruns one case of a randomised test, with what its failure printed:
 *
 *   npm run replay -- <test name> <seed> [<path>] [<replayPath>]
 *
 * The name is what the failed test begins with. What is counted over many cases is left out. Exit code: vitest's, so 1 as long as the case
 * fails.
 */
import { spawnSync } from 'node:child_process'

/** By their names. */
const tests: Readonly<Record<string, string>> = {
  'store-commands': 'test/model/store',
  'database-commands': 'test/model/database',
  'cluster-histories': 'test/model/cluster',
  'record-codec': 'test/model/codec',
  'scheduled-members': 'test/host',
}

const [testName = '', seed, path = '', replayPath = ''] = process.argv.slice(2)
const folder = tests[testName]
if (folder === undefined || seed === undefined || !Number.isInteger(Number(seed))) {
  console.error(`npm run replay -- <${Object.keys(tests).join(' | ')}> <seed> [<path>] [<replayPath>]`)
  process.exit(1)
}
const run = spawnSync('npx', ['vitest', 'run', folder, '-t', testName], {
  stdio: 'inherit',
  env: { ...process.env, DATASYNC_REPLAY: [testName, seed, path, replayPath].join(' ').trimEnd() },
})
process.exit(run.status ?? 1)
