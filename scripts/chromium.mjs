/**
 * The Chromium that browser tests run in. Looked for in this order, the first that starts is taken:
 *
 *   env CHROMIUM → Debian's headless shell → Debian's Chromium → an installed Chrome → what Playwright has downloaded
 *
 * The headless shell is Chromium without its windows: the same storage, workers and locks, at half the cost of a start and of a page.
 * Measurements take a whole one, as users have it. If there is none, one is installed: by Playwright, else by apt as root on Debian. All of
 * it is bounded in time and says what it does.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { chromium } from 'playwright-core'

const startMs = 20_000
const downloadMs = 180_000
const aptMs = 300_000

/** What every Chromium of the tests is started with: no sandbox for root, and nothing that talks to anybody unasked. */
export const chromiumFlags = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const shell = '/usr/bin/chromium-headless-shell'

/** @param {boolean} isWhole */
const places = (isWhole) => [
  ...(isWhole ? [] : [shell]),
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  chromium.executablePath(),
  ...(isWhole ? [shell] : []),
]

/**
 * The first Chromium that says its version, or undefined. Whoever sets CHROMIUM means that one: it is not looked past.
 * @param {{ readonly isWhole?: boolean }} [options] isWhole: rather one that has windows
 * @returns {string | undefined}
 */
export function findChromium({ isWhole = false } = {}) {
  const named = process.env['CHROMIUM']
  const candidates = named === undefined || named === '' ? places(isWhole) : [named]
  return candidates.find((file) => file !== '' && existsSync(file) && starts(file))
}

/**
 * Finds a Chromium, or installs one.
 * @param {{ readonly isWhole?: boolean }} [options] see findChromium
 * @returns {Promise<string>} its path
 * @throws when there is none and none can be installed; the message says how to
 */
export async function ensureChromium(options = {}) {
  const named = process.env['CHROMIUM']
  const found = findChromium(options)
  if (found !== undefined) {
    console.log(`Chromium: ${found}`)
    return found
  }
  if (named !== undefined && named !== '') throw new Error(`CHROMIUM is ${named}, and no Chromium starts there`)
  for (const { name, commands } of installers(options)) {
    console.log(`Chromium: none here; installing it with ${name}`)
    if (await runAll(commands)) {
      const installed = findChromium(options)
      if (installed !== undefined) {
        console.log(`Chromium: ${installed}`)
        return installed
      }
    }
    console.log(`Chromium: ${name} did not give one`)
  }
  throw new Error(
    'the browser tests need a Chromium: `apt-get install chromium`, `npx playwright-core install chromium`, or CHROMIUM=/path/to/chrome',
  )
}

/** @typedef {{ readonly command: string, readonly args: readonly string[], readonly boundMs: number }} Command */

/**
 * @param {{ readonly isWhole?: boolean }} options
 * @returns {readonly { readonly name: string, readonly commands: readonly Command[] }[]}
 */
function installers({ isWhole = false }) {
  const cli = path.join(import.meta.dirname, '../node_modules/playwright-core/cli.js')
  const playwright = { command: process.execPath, args: [cli, 'install', 'chromium'], boundMs: downloadMs }
  const apt = (/** @type {string[]} */ ...args) => ({ command: 'apt-get', args, boundMs: aptMs })
  const isDebianRoot = process.getuid?.() === 0 && existsSync('/etc/debian_version')
  const packages = isDebianRoot ? [...(isWhole ? [] : ['chromium-headless-shell']), 'chromium'] : []
  return [
    { name: 'playwright-core', commands: [playwright] },
    ...packages.map((name) => ({ name: `apt-get (${name})`, commands: [apt('update'), apt('install', '-y', name)] })),
  ]
}

/** Those that did: to ask costs as much as to start a page. @type {Set<string>} */
const started = new Set()

/** @param {string} file */
function starts(file) {
  if (started.has(file)) return true
  const { status, stdout } = spawnSync(file, ['--version'], { timeout: startMs, encoding: 'utf8' })
  if (status !== 0 || !/chrom/i.test(stdout)) return false
  started.add(file)
  return true
}

/** @param {readonly Command[]} commands */
async function runAll(commands) {
  for (const command of commands) if (!(await runBounded(command))) return false
  return true
}

/**
 * Its last lines are shown if it fails. In a group of its own, so that what it started ends with it.
 * @param {Command} command
 * @returns {Promise<boolean>}
 */
function runBounded({ command, args, boundMs }) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  let tail = ''
  const collect = (/** @type {Buffer} */ chunk) => (tail = (tail + chunk.toString()).slice(-2000))
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      tail += `\nended after ${boundMs / 1000} s`
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, boundMs)
    const end = (/** @type {boolean} */ isDone) => {
      clearTimeout(timer)
      if (!isDone) console.log(`> ${command} ${args.join(' ')}\n${tail}`)
      resolve(isDone)
    }
    child.on('error', (error) => {
      tail += String(error)
      end(false)
    })
    child.on('close', (code) => end(code === 0))
  })
}
