/** The static checks, by name, and how they are run. `npm run check` runs all of them; `npm test` does so before the tests. */
import { spawn } from 'node:child_process'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')

/** @typedef {{ readonly name: string, readonly command: string }} Step */

/** @type {Step} */
export const buildStep = { name: 'build', command: 'node scripts/build.mjs' }

/** Longest first: two run at a time. @type {readonly Step[]} */
export const checkSteps = [
  { name: 'lint', command: 'eslint .' },
  { name: 'types', command: 'tsc -p .' },
  { name: 'layers', command: 'depcruise --config .dependency-cruiser.cjs src test scripts' },
  { name: 'unused code', command: 'knip' },
  { name: 'format', command: 'prettier --check --log-level warn .' },
  {
    name: 'package types',
    command: 'attw --pack . --profile esm-only --exclude-entrypoints wa-sqlite.wasm --format ascii',
  },
  { name: 'package shape', command: 'publint --strict' },
  { name: 'public types', command: 'node scripts/public-types.mjs' },
  { name: 'diagrams are fresh', command: 'node scripts/run.mjs diagrams --check' },
]

/** @type {Step} */
export const tidyStep = { name: 'tidy', command: 'vitest run test/tidy.test.ts' }

/**
 * Runs steps two at a time and prints a line for each, with its output when it fails.
 * @param {readonly Step[]} steps
 * @param {{ readonly isPatient?: boolean }} [options] isPatient: they take the processor time that nobody else wants
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runSteps(steps, options = {}) {
  const waiting = [...steps]
  const counts = { passed: 0, failed: 0 }
  const work = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const { code, output, seconds } = await run(step.command, options)
      counts[code === 0 ? 'passed' : 'failed'] += 1
      console.log(`${code === 0 ? '  ok  ' : ' FAIL '} ${step.name} (${seconds.toFixed(1)} s)`)
      if (code !== 0) console.log(`\n> ${step.command}\n${output}`)
    }
  }
  await Promise.all([work(), work()])
  return counts
}

/**
 * Runs one command with the installed tools on its path. Never rejects: a command that cannot be started has code 1.
 * @param {string} command
 * @param {{ readonly show?: boolean, readonly isPatient?: boolean, readonly env?: Record<string, string> }} [options]
 *   show: its output goes to ours instead of being collected. isPatient: see runSteps.
 * @returns {Promise<{ code: number, output: string, seconds: number }>}
 */
export function run(command, options = {}) {
  const startedMs = Date.now()
  const bin = path.join(root, 'node_modules/.bin')
  const isNice = options.isPatient === true && process.platform !== 'win32'
  const child = spawn(isNice ? `nice -n 10 ${command}` : command, {
    cwd: root,
    shell: true,
    stdio: ['ignore', options.show === true ? 'inherit' : 'pipe', options.show === true ? 'inherit' : 'pipe'],
    env: { ...process.env, ...options.env, PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}` },
  })
  let output = ''
  const collect = (/** @type {Buffer} */ chunk) => (output += chunk.toString())
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  return new Promise((resolve) => {
    const end = (/** @type {number | null} */ code) =>
      resolve({ code: code ?? 1, output, seconds: (Date.now() - startedMs) / 1000 })
    child.on('error', (error) => {
      output += String(error)
      end(1)
    })
    child.on('close', end)
  })
}
