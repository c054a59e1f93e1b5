/**
 * `npm test`: build, static checks, every test. The last line is always `N passed, N failed`, counted from vitest's own result files
 * plus the checks; `0 passed, 1 failed` when the build fails, vitest dies, or nothing ran. Exit code 1 unless all passed.
 *
 *   build ─┬▶ tests that start browsers and processes, which often wait ─────────────────────────────┬▶ sum
 *          └▶ static checks ─▶ tests that only compute, both with what the others leave of the processors ┘
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

const cache = path.resolve(import.meta.dirname, '../.cache')
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

/** @typedef {{ passed: number, failed: number }} Counts */

/** @returns {Promise<Counts | undefined>} undefined: no result can be trusted */
async function runAll() {
  const built = await runSteps([buildStep])
  if (built.failed > 0) return undefined
  const isMissing = needsBrowser && (await findOrInstall()) === undefined
  const waiting = isMissing ? ['node'] : ['node', 'browser', 'browser-sqlite']
  const isWhole = vitestArgs.length === 0 && !isLong
  const parts = isWhole
    ? await Promise.all([runVitest({ projects: waiting }), computeBeside()])
    : [await runVitest({ projects: ['pure', ...waiting] })]
  return sum([...parts, { passed: 0, failed: isMissing ? 1 : 0 }])
}

/** What needs a processor and nothing else. */
async function computeBeside() {
  const checked = await runSteps(checkSteps, { isPatient: true })
  return sum([checked, await runVitest({ projects: ['pure'], isPatient: true })])
}

/** @param {readonly (Counts | undefined)[]} parts */
function sum(parts) {
  const counts = { passed: 0, failed: 0 }
  for (const part of parts) {
    if (part === undefined) return undefined
    counts.passed += part.passed
    counts.failed += part.failed
  }
  return counts
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
 * @param {{ readonly projects: readonly string[], readonly isPatient?: boolean }} options
 *   isPatient: it gives way to others, and its output comes when it has ended.
 */
async function runVitest({ projects, isPatient = false }) {
  const resultFile = path.join(cache, `test-results-${projects.join('-')}.json`)
  mkdirSync(cache, { recursive: true })
  rmSync(resultFile, { force: true })
  const quoted = vitestArgs.map((arg) => JSON.stringify(arg)).join(' ')
  const chosen = projects.map((project) => `--project=${project}`).join(' ')
  const { code, output } = await run(
    `vitest run --reporter=default --reporter=json --outputFile.json="${resultFile}" ${chosen} ${quoted}`,
    {
      show: !isPatient,
      isPatient,
      env: {
        ...(isLong ? { DATASYNC_TEST_LONG: '1' } : {}),
        ...(seed === undefined ? {} : { DATASYNC_TEST_SEED: seed }),
      },
    },
  )
  if (isPatient) console.log(output)
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
