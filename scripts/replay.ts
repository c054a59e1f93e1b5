/**
 * Reruns one case of a randomised test, with what its failure printed:
 *
 *   npm run replay -- <test name> <seed> [<path>] [<replayPath>]
 *
 * The name is what the failed test begins with: store-commands, database-commands, cluster-histories or record-codec. What is counted
 * over many cases is left out. Exit code: vitest's, so 1 as long as the case fails.
 */
import { spawnSync } from 'node:child_process'

const [testName, seed, path = '', replayPath = ''] = process.argv.slice(2)
if (testName === undefined || seed === undefined || !Number.isInteger(Number(seed))) {
  console.error('npm run replay -- <test name> <seed> [<path>] [<replayPath>]')
  process.exit(1)
}
const run = spawnSync('npx', ['vitest', 'run', 'test/model', '-t', testName], {
  stdio: 'inherit',
  env: { ...process.env, DATASYNC_REPLAY: [testName, seed, path, replayPath].join(' ').trimEnd() },
})
process.exit(run.status ?? 1)
