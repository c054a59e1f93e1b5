/**
 * `node bench/faults.mjs [--rounds=3]`
 * What becomes of a commit whose IndexedDB transaction is aborted, as on a spent quota: on DataSync (as built in dist/) and on the VFSes of
 * wa-sqlite that store in IndexedDB, in Chromium. Printed, and written to docs/faults.md.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { withChromium } from './browser/chromium.mjs'
import { faultySides } from './browser/faulty-sides.mjs'
import { markdownOf, printTable } from './browser/tables.mjs'
import { within } from './browser/within.mjs'
import { versionOf } from './sides.mjs'

const phaseMs = 90_000
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1')

const faults = [
  { title: 'Aborted once', isLasting: false },
  { title: 'Aborted from then on, until it is opened again', isLasting: true },
]
const headings = [
  'side',
  'UPDATE',
  'then',
  'seen before closing',
  'next INSERT',
  'after reopening',
  'integrity',
  'times',
  '',
]

await withChromium(['faults-page.mjs', 'faults-worker.mjs'], async (browser) => {
  const tables = []
  for (const { title, isLasting } of faults) {
    const rows = []
    for (const side of faultySides) {
      const outcomes = []
      for (let round = 0; round < rounds; round++)
        outcomes.push(outcomeOf(await experiment(browser, { side, round, isLasting })))
      rows.push(...grouped(outcomes).map((cells) => [side.name, ...cells]))
    }
    tables.push({ title, headings, rows })
  }
  for (const table of tables) printTable(table)
  writeFileSync(path.join(import.meta.dirname, '../docs/faults.md'), pageOf(tables, browser.version))
})

/** The fault must have happened; an experiment in which it did not says nothing. */
async function experiment(browser, { side, round, isLasting }) {
  const name = `${side.name.replaceAll(/[^A-Za-z]/g, '')}-${isLasting ? 'lasting' : 'once'}-${round}`
  const run = (phase) =>
    browser.withPage((page) => {
      const answer = page.evaluate((asked) => globalThis.runPhase(asked), { phase, side, name, isLasting })
      return within(phaseMs, `${side.name}, ${phase}`, answer)
    })
  const commit = await run('commit')
  assert(commit.aborts > 0, `${side.name}: the transaction of the commit was aborted`)
  return { commit, reopened: await run('reopen') }
}

/** One experiment in words: cells of the table. */
function outcomeOf({ commit: { updated, settled, visible, next, unhandled }, reopened: { counts, integrity } }) {
  const then = [
    ...(settled === undefined || settled.told === 'done' ? [] : [settled.text]),
    ...(unhandled > 0 ? ['unhandled rejections'] : []),
  ]
  const isWhole = integrity.value?.[0] === 'ok'
  return [
    updated.text,
    then.join('; ') || '–',
    rowsText(visible),
    next?.text ?? '–',
    rowsText(counts),
    isWhole ? 'ok' : (integrity.value?.[0] ?? integrity.text),
    judgement({ updated, settled, next, counts, isWhole }),
  ]
}

/** Rows of UPDATE and of INSERT that are there. */
function rowsText(answer) {
  if (answer === undefined) return '–'
  return answer.value === undefined ? answer.text : `${answer.value[0]} updated, ${answer.value[1]} inserted`
}

/** Whether what the caller was told is what is there. */
function judgement({ updated, settled, next, counts, isWhole }) {
  if (!isWhole || counts.value === undefined) return 'corrupt'
  const [updates, inserts] = counts.value
  if (updated.told === 'silent') return 'the call never settles'
  if (updated.isOpen) return 'as told: not known'
  const wasAcknowledged = updated.told === 'done' && settled?.told === 'done'
  if (wasAcknowledged && updates !== 667) return 'an acknowledged write is lost'
  if (next?.told === 'done' && inserts !== 1) return 'an acknowledged write is lost'
  if (updated.told === 'refused' && updates !== 0) return 'refused, and yet there'
  return 'as told'
}

/** Equal outcomes once, with how often they came, before the judgement. */
function grouped(outcomes) {
  const times = new Map()
  for (const outcome of outcomes) times.set(JSON.stringify(outcome), (times.get(JSON.stringify(outcome)) ?? 0) + 1)
  return [...times].map(([outcome, count]) => {
    const cells = JSON.parse(outcome)
    return [...cells.slice(0, -1), `${count} of ${outcomes.length}`, cells.at(-1)]
  })
}

function pageOf(tables, version) {
  return `# When a commit is aborted

Written by \`npm run bench:faults\`; do not edit. Chromium ${version}, @journeyapps/wa-sqlite ${versionOf('wa-sqlite')}.

A full disk or a spent quota aborts an IndexedDB transaction at its commit, after each of its puts has succeeded. Here one is aborted so, with
QuotaExceededError: the one that carries an UPDATE of 667 of 2,000 rows, or each from then on. Then one more row is inserted, the database is closed, and opened again
in a new thread. Each call has 5 s to answer; DataSync, which tries an aborted commit again, is given
a deadline of 3 s for each request (30 s if nothing is said). That an abort was heard is asserted. "then" is what was heard after a successful answer: of DataSync
when it was asked to make everything durable, of the others nothing but unhandled rejections.

${tables.map(markdownOf).join('\n')}`
}
