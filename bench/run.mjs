/**
 * `node bench/run.mjs [--quick] [--rounds=5] [--only=writers,sequence,bulk,reads,size,fold,memory,machines]`
 * Measures DataSync (as built in dist/) beside its peers and prints a table per workload. A whole run, neither quick nor partial,
 * is stored in bench/results.json and docs/benchmarks.md.
 */
import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { printSection, store } from './report.mjs'
import { versionOf } from './sides.mjs'
import { heldBack } from './work/fold.mjs'
import { machinesShare } from './work/machines.mjs'
import { bulkInsert, concurrentWriters, pointReads, sequentialWriters } from './work/requests.mjs'
import { databaseSize, residentMemory } from './work/size.mjs'

/** @typedef {{ rounds: number, isQuick: boolean, base: string }} Context */

const workloads = {
  writers: concurrentWriters,
  sequence: sequentialWriters,
  bulk: bulkInsert,
  reads: pointReads,
  size: databaseSize,
  fold: heldBack,
  memory: residentMemory,
  machines: machinesShare,
}

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, rounds: { type: 'string' }, only: { type: 'string' } },
})
const isQuick = values.quick ?? false
const only = values.only?.split(',')
const unknown = only?.filter((name) => !(name in workloads)) ?? []
if (unknown.length > 0) throw new Error(`--only knows ${Object.keys(workloads).join(', ')}, not ${unknown.join(', ')}`)
const rounds = Number(values.rounds ?? (isQuick ? 2 : 5))
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1')

const loadBefore = loadavg()
const base = path.join(import.meta.dirname, 'node_modules/.bench-data')
mkdirSync(base, { recursive: true })

/** @type {import('./report.mjs').Section[]} */
const sections = []
for (const [name, workload] of Object.entries(workloads)) {
  if (only !== undefined && !only.includes(name)) continue
  for (const section of await workload({ rounds, isQuick, base })) {
    printSection(section)
    sections.push(section)
  }
}
rmSync(base, { recursive: true, force: true })

const missed = sections.flatMap(({ title, rows }) => rows.filter(({ isMet }) => isMet === false).map(() => title))
console.log(missed.length === 0 ? '\nNo target missed.' : `\nMissed: ${missed.join(' · ')}`)
if (!isQuick && only === undefined) {
  store({ measuredAt: new Date().toISOString(), isQuick, rounds, environment: environment(), sections })
}

/** @returns {Record<string, string>} */
function environment() {
  const processors = cpus()
  return {
    Node: process.versions.node,
    [`${process.platform} ${process.arch},`]: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`,
    'load before': loadBefore.map((load) => load.toFixed(1)).join(' '),
    'file system type': `0x${statfsSync(import.meta.dirname).type.toString(16)}`,
    'better-sqlite3': versionOf('better-sqlite3'),
    'node-sqlite3-wasm': versionOf('node-sqlite3-wasm'),
  }
}
