/**
 * `npm test`: build, static checks, then every test. The last line is always `N passed, N failed`, counted from vitest's own
 * result file plus the checks; `0 passed, 1 failed` when the build fails, vitest dies, or nothing ran. Exit code 1 unless all passed.
 *
 *   npm test                         everything
 *   npm test -- test/unit            only these files, without the static checks; arguments go to vitest
 *   npm run test:long -- --seed=7    more rounds of the randomised tests, from this seed
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { ensureChromium } from './chromium.mjs'
import { buildStep, checkSteps, run, runSteps } from './steps.mjs'

/**
 * What is read of vitest's result file.
 * @typedef {{ numPassedTests: number, numFailedTests: number, testResults: { status: string, assertionResults: { status: string }[] }[] }} VitestResults
 */

const resultFile = path.resolve(import.meta.dirname, '../.cache/test-results.json')
const args = process.argv.slice(2)
const isLong = args.includes('--long')
const seed = args.find((arg) => arg.startsWith('--seed='))?.slice('--seed='.length)
const vitestArgs = args.filter((arg) => arg !== '--long' && !arg.startsWith('--seed='))
const needsBrowser =
  vitestArgs.length === 0 || vitestArgs.some((arg) => arg.includes('browser') || arg.includes('fixture'))

try {
  finish(await runAll())
} catch (error) {
  console.error(error)
  finish(undefined)
}

/** @returns {Promise<{ passed: number, failed: number } | undefined>} undefined: no result can be trusted */
async function runAll() {
  const built = await runSteps([buildStep])
  if (built.failed > 0) return undefined
  const checked = vitestArgs.length === 0 && !isLong ? await runSteps(checkSteps) : { passed: 0, failed: 0 }
  const chromium = needsBrowser ? await findOrInstall() : undefined
  const isMissing = needsBrowser && chromium === undefined
  const tested = await runVitest(chromium, isMissing ? '--project=node' : '')
  if (tested === undefined) return undefined
  const { passed, failed } = tested
  return { passed: checked.passed + passed, failed: checked.failed + failed + (isMissing ? 1 : 0) }
}

/** Without a browser all else is tested, and the browser's tests are one failure. */
async function findOrInstall() {
  try {
    return await ensureChromium()
  } catch (error) {
    console.error(error)
    return undefined
  }
}

/**
 * @param {string | undefined} chromium what the browser tests run in
 * @param {string} project
 */
async function runVitest(chromium, project) {
  mkdirSync(path.dirname(resultFile), { recursive: true })
  rmSync(resultFile, { force: true })
  const quoted = vitestArgs.map((arg) => JSON.stringify(arg)).join(' ')
  const { code } = await run(
    `vitest run --reporter=default --reporter=json --outputFile.json="${resultFile}" ${project} ${quoted}`,
    {
      show: true,
      env: {
        ...(chromium === undefined ? {} : { CHROMIUM: chromium }),
        ...(isLong ? { DATASYNC_TEST_LONG: '1' } : {}),
        ...(seed === undefined ? {} : { DATASYNC_TEST_SEED: seed }),
      },
    },
  )
  return countResults(readFileSync(resultFile, 'utf8'), code)
}

/**
 * A file that could not be loaded has no tests to fail, and an error outside every test fails none: both count as one failure.
 * @param {string} json
 * @param {number} exitCode
 */
function countResults(json, exitCode) {
  const results = /** @type {VitestResults} */ (JSON.parse(json))
  const brokenFiles = results.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const passed = results.numPassedTests
  const failed = results.numFailedTests + brokenFiles
  if (passed + failed === 0) return undefined
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed }
}

/** @param {{ passed: number, failed: number } | undefined} result */
function finish(result) {
  const { passed, failed } = result ?? { passed: 0, failed: 1 }
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
