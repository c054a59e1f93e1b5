/** What was measured, for a reader of the terminal, of docs/benchmarks.md, and of results.json. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { short } from './compare.mjs'

/**
 * @typedef {object} Row
 * @property {string} side
 * @property {string} [value] when it is not a time
 * @property {number} [medianMs] median over the rounds of each round's median
 * @property {number} [meanMs] mean of all samples: rare slow ones, such as those that meet a checkpoint, count in full
 * @property {number} [perSecond]
 * @property {number} [ratio]
 * @property {string} [ratioText]
 * @property {string} [durability]
 * @property {string} [barriers]
 * @property {string} [target]
 * @property {boolean} [isMet]
 *
 * @typedef {{ title: string, rows: Row[] }} Section
 *
 * @typedef {object} Results
 * @property {string} measuredAt
 * @property {boolean} isQuick
 * @property {number} rounds
 * @property {Record<string, string>} environment
 * @property {Section[]} sections
 */

const headings = ['side', 'median', 'mean', 'per second', 'compared', 'survives', 'barriers', 'target']

/** @param {Section} section */
export function printSection({ title, rows }) {
  const cells = [headings, ...rows.map(cellsOf)]
  const widths = headings.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  console.log(`\n${title}`)
  for (const line of cells)
    console.log(`  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

/** @param {Results} results */
export function store(results) {
  const root = path.join(import.meta.dirname, '..')
  writeFileSync(path.join(root, 'bench/results.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(path.join(root, 'docs/benchmarks.md'), markdownOf(results))
}

/** @param {Results} results */
function markdownOf({ measuredAt, rounds, isQuick, environment, sections }) {
  const about = Object.entries(environment).map(([name, value]) => `${name} ${value}`)
  return `# Benchmarks

Written by \`npm run bench\` on ${measuredAt.slice(0, 10)}; do not edit. ${about.join(' · ')}.
${isQuick ? '\n**A quick run: too few samples to compare.**\n' : ''}
All sides run in one process and alternate over ${rounds} rounds, so that a slow minute meets all of them. "median" is the median of the rounds'
medians, "mean" is over all samples, and a ratio is the median of the ratios of each round. Compare ratios, not times: those belong to the machine.
"survives" is what a finished write survives; "barriers" counts fsync and fdatasync. DataSync's are its own count (\`metrics$\`); those of
better-sqlite3 and node-sqlite3-wasm are what each issued per commit, counted by a shim around fsync and fdatasync, theirs of checkpoints left out.
The floor runs the same statement on a memory database, writes as many bytes as our commit record has into a preallocated file, and calls fdatasync.
What DataSync adds to it is processor time, which a faster disk does not shorten: the shorter a barrier takes, the larger the ratio.

${sections.map(tableOf).join('\n')}`
}

/** @param {Section} section */
function tableOf({ title, rows }) {
  const lines = [headings, headings.map(() => '---'), ...rows.map(cellsOf)].map((cells) => `| ${cells.join(' | ')} |`)
  return `## ${title}\n\n${lines.join('\n')}\n`
}

/** @param {Row} row */
function cellsOf(row) {
  const verdict = row.target === undefined ? '' : `${row.target}: ${row.isMet ? 'met' : 'missed'}`
  return [
    row.side,
    row.value ?? timeOf(row.medianMs),
    timeOf(row.meanMs),
    row.perSecond === undefined ? '' : short(row.perSecond),
    row.ratioText ?? '',
    row.durability ?? '',
    row.barriers ?? '',
    verdict,
  ]
}

/** @param {number | undefined} ms */
function timeOf(ms) {
  if (ms === undefined) return ''
  return ms < 0.1 ? `${short(ms * 1000)} µs` : `${short(ms)} ms`
}
