/**
 * `node bench/browser.mjs [--quick] [--all] [--rounds=3]`
 * Measures DataSync (as built in dist/) in Chromium beside its peers there. A whole run is stored in bench/results-browser.json and
 * docs/benchmarks-browser.md; a quick one has a tenth of the rows, one round, and is only printed. `--all`: beside sqlocal, pglite and absurder-sql too, which takes long.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { withChromium } from './browser/chromium.mjs'
import { collector } from './browser/collect.mjs'
import { openTable, sizeTable, stepTable, totalTable, verdicts, verdictTable } from './browser/judge.mjs'
import {
  accessHandlePool,
  batchAtomic,
  indexedDb,
  memory,
  mirror,
  opfs,
  others,
  sides as usual,
} from './browser/sides.mjs'
import { sixteenSteps } from './browser/steps.mjs'
import { markdownOf, printTable } from './browser/tables.mjs'
import { versionOf } from './sides.mjs'

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, all: { type: 'boolean' }, rounds: { type: 'string' } },
})
const sides = values.all ? [...usual, ...others] : usual
const entries = [
  'page.mjs',
  'worker.mjs',
  'counted-worker.mjs',
  ...(values.all ? ['sqlocal.mjs', 'sqlocal-worker.mjs'] : []),
]
const isQuick = values.quick ?? false
const rounds = Number(values.rounds ?? (isQuick ? 1 : 3))
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1')
const scale = isQuick ? 0.1 : 1
const updated = [opfs, indexedDb, mirror, accessHandlePool]
const opened = [opfs, indexedDb, mirror]

const environment = {
  Node: process.versions.node,
  [`${process.platform} ${process.arch},`]: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  'load before': loadavg()
    .map((load) => load.toFixed(1))
    .join(' '),
  '@journeyapps/wa-sqlite': versionOf('wa-sqlite'),
  '@sqlite.org/sqlite-wasm': versionOf('@sqlite.org/sqlite-wasm'),
  ...(values.all ? Object.fromEntries(others.map(({ package: name }) => [name, versionOf(name)])) : {}),
}

await withChromium(entries, async (browser) => {
  const collected = collector(browser, { scale })
  for (let round = 0; round < rounds; round++) {
    for (const side of rotated(sides, round)) await writeOn(browser, collected, side, round)
  }
  for (let round = 0; round < rounds; round++) {
    for (const side of rotated(updated, round)) {
      await collected.run('sizes', side, `sizes-${round}`)
      await browser.clear()
    }
  }
  await openOn(browser, collected)
  report(collected, { ...environment, Chromium: browser.version })
})

/** Each round begins with another side, so that a slow minute of the machine meets all of them. */
function rotated(all, round) {
  const first = (round * 5) % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

async function writeOn(browser, collected, side, round) {
  for (const task of ['steps', 'awaited', 'concurrent']) await collected.run(task, side, `${task}-${round}`)
  await browser.clear()
  console.log(`round ${round + 1} of ${rounds}: ${side.name}`)
}

/** The databases are made once, then opened in a new process each time. */
async function openOn(browser, collected) {
  for (const side of opened) await collected.run('fill', side, `open-${opened.indexOf(side)}`)
  for (let round = 0; round < rounds; round++) {
    for (const side of rotated(opened, round)) {
      await browser.restart()
      await collected.run('firstRow', side, `open-${opened.indexOf(side)}`)
    }
  }
}

function report(collected, about) {
  const judged = verdicts(collected, sides)
  const tables = [
    verdictTable(judged),
    totalTable(collected, 'steps', 'Sixteen steps, each one exec', sides, [memory, mirror, batchAtomic]),
    totalTable(collected, 'awaited', `${1000 * scale} one-row INSERTs, each awaited`, sides, [memory]),
    totalTable(collected, 'concurrent', `${1000 * scale} one-row writes, all wanted at once`, sides, [
      memory,
      batchAtomic,
    ]),
    sizeTable(collected, updated),
    openTable(collected, opened),
    stepTable(collected, sixteenSteps(scale), sides),
  ]
  for (const table of tables) printTable(table)
  for (const { side, task, message } of collected.failures) console.log(`failed: ${side}, ${task}: ${message}`)
  if (isQuick) {
    console.log('\nA quick run: a tenth of the rows, once. The targets are those of a whole run.')
    return
  }
  store({
    measuredAt: new Date().toISOString(),
    rounds,
    environment: about,
    verdicts: judged,
    failures: collected.failures,
    tables,
  })
}

function store(results) {
  const root = path.join(import.meta.dirname, '..')
  writeFileSync(path.join(root, 'bench/results-browser.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(path.join(root, 'docs/benchmarks-browser.md'), pageOf(results))
}

function pageOf({ measuredAt, environment: about, failures, tables }) {
  const failed = failures.map(({ side, task, message }) => `- ${side}, ${task}: ${message}`).join('\n')
  return `# Benchmarks in the browser

Written by \`npm run bench:browser\` on ${measuredAt.slice(0, 10)}; do not edit. ${Object.entries(about)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ')}.

Every database is in a dedicated worker. "from the page" is called and measured in the page, messages included; all others are called and
measured inside the worker. Each measurement has a page, a worker and a database of its own, so compilers start cold on every side; sides
alternate over ${rounds} rounds. A time is the median over the rounds, a ratio the median of the ratios of each round. Compare ratios, not times.
The peers stand as their README opens them, with SQLite's defaults. "survives" is what a finished write survives; "barriers" counts flushes of
OPFS handles and readwrite transactions of IndexedDB that ask for strict durability (by a shim around both).
A script of several transactions is acknowledged once, after its last: DataSync then needs one barrier, SQLite's journals one or more a transaction.
One row is updated five seconds after its database was filled, when whatever a side folds is folded.
A peer's connection runs one statement at a time, so what is wanted at once waits in line there.
${failed === '' ? '' : `\nNot finished:\n\n${failed}\n`}
${tables.map(markdownOf).join('\n')}`
}
