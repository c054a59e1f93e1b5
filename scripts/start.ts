/**
 * `npm start`, in two acts: imports every city through the public API in a process that is killed with SIGKILL again and again, and proves at
 * the end that each acknowledged city is there once and whole; then several processes share a database whose leaders are killed. Exit
 * code 0 only if all of it holds.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import sqlite from 'node-sqlite3-wasm'
import { firstValueFrom } from 'rxjs'
import { type Database, open, type RecoveryReport } from '../src/index.ts'
import { shareThroughKills } from './start-members.ts'
import { cities, DATABASE, type ImporterReport, parametersOf } from './start-cities.ts'

const KILLS = 6
const importer = path.join(import.meta.dirname, 'start-importer.mjs')
const shown = (value: object) => inspect(value, { breakLength: 130, compact: 4, depth: 4 })
let lastTenth = -1
const base = await mkdtemp(path.join(tmpdir(), 'datasync-'))
process.env['DATASYNC_FS_BASE'] = base

try {
  console.log(`DataSync: ${cities.length.toLocaleString('en')} cities into ${base}, ${KILLS} kills on the way\n`)
  const { acknowledged, ms } = await importThroughKills()
  const problems = await examine(acknowledged)
  console.log(
    `\n${cities.length.toLocaleString('en')} rows in ${(ms / 1000).toFixed(1)} s, kills and recoveries included: ${rate(ms)} rows/s`,
  )
  for (const problem of problems) console.error(`FAILED: ${problem}`)
  if (problems.length === 0) console.log('Every acknowledged city is there, once, and whole.')
  const shared = await shareThroughKills()
  for (const problem of shared) console.error(`FAILED: ${problem}`)
  process.exitCode = problems.length + shared.length === 0 ? 0 : 1
} finally {
  await rm(base, { recursive: true, force: true })
}

/** Runs importers until one finishes; kills the first KILLS of them at random moments. */
async function importThroughKills(): Promise<{ acknowledged: number; ms: number }> {
  const startedAt = performance.now()
  let acknowledged = 0
  for (let round = 1; ; round++) {
    const left = cities.length - acknowledged
    const killAfter = round <= KILLS ? Math.floor((left / (KILLS - round + 2)) * (0.3 + Math.random())) : Infinity
    const outcome = await runImporter(acknowledged, killAfter)
    if (outcome.resumedAt < acknowledged)
      throw new Error(`lost: resumed at ${outcome.resumedAt}, acknowledged were ${acknowledged}`)
    acknowledged = outcome.acknowledged
    if (outcome.isFinished) {
      progress(acknowledged, 'done\n')
      if (round <= KILLS) throw new Error(`the import ended after ${round - 1} kills; ${KILLS} were wanted`)
      return { acknowledged, ms: performance.now() - startedAt }
    }
    progress(acknowledged, `kill ${round} of ${KILLS}\n`)
  }
}

interface Outcome {
  readonly acknowledged: number
  readonly resumedAt: number
  readonly isFinished: boolean
}

/** One life of the importer, ended `killAfter` rows from its start and a random moment later. */
function runImporter(acknowledgedBefore: number, killAfter: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = fork(importer, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let [acknowledged, resumedAt] = [acknowledgedBefore, acknowledgedBefore]
    let [isFinished, isDoomed] = [false, false]
    child.on('message', (message: ImporterReport) => {
      if (message.type === 'finished') isFinished = true
      else if (message.type === 'opened') {
        resumedAt = message.next
        if (message.next > 0) tellRecovery(message.report)
      } else {
        acknowledged = message.next
        progress(acknowledged, '')
        if (isDoomed || acknowledged - resumedAt < killAfter) return
        isDoomed = true
        killSoon(child)
      }
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (isFinished || signal === 'SIGKILL') resolve({ acknowledged, resumedAt, isFinished })
      else reject(new Error(`the importer ended with ${code ?? signal}`))
    })
  })
}

/** Not at an acknowledgement but anywhere between: in a statement, a write, a barrier or a checkpoint. */
function killSoon(child: ChildProcess): void {
  setTimeout(() => child.kill('SIGKILL'), Math.random() * 25)
}

/** Reads back every row, and looks at the home with an SQLite that is not ours. */
async function examine(acknowledged: number): Promise<string[]> {
  const problems: string[] = []
  const db = await open(DATABASE, { recovery: { verify: 'full' } })
  tellRecovery(db.recoveryReport)
  problems.push(...(await compareRows(db, acknowledged)))
  const check = await db.query<{ integrity_check: string }>('PRAGMA integrity_check')
  console.log(`PRAGMA integrity_check: ${check.map((row) => row.integrity_check).join(', ')}`)
  if (check[0]?.integrity_check !== 'ok') problems.push('integrity_check is not ok')
  await tellSample(db)
  await db.exec('CREATE INDEX city_by_country ON city (country, population)')
  const metrics = await firstValueFrom(db.metrics$)
  console.log('\nFinal metrics', shown(metrics))
  await db.close()
  problems.push(...openElsewhere())
  return problems
}

async function compareRows(db: Database, acknowledged: number): Promise<string[]> {
  const rows = await db.query<readonly (string | number)[]>('SELECT * FROM city ORDER BY seq', [], { rowMode: 'array' })
  const wrong = cities.findIndex((city, seq) => JSON.stringify(rows[seq]) !== JSON.stringify(parametersOf(city, seq)))
  console.log(`\n${rows.length} rows compared with the source, ${acknowledged} of them acknowledged`)
  const problems: string[] = []
  if (rows.length !== cities.length) problems.push(`${rows.length} rows instead of ${cities.length}`)
  if (wrong !== -1) problems.push(`row ${wrong} differs: ${JSON.stringify(rows[wrong])}`)
  return problems
}

async function tellSample(db: Database): Promise<void> {
  const sql =
    'SELECT country, count(*) AS cities, sum(population) AS people FROM city GROUP BY country ORDER BY people DESC LIMIT 5'
  console.log(`\n> ${sql}`)
  console.table(await db.query(sql))
}

function openElsewhere(): string[] {
  const file = path.join(base, DATABASE, 'database.sqlite')
  const other = new sqlite.Database(file, { readOnly: true })
  const row = other.get(
    'SELECT count(*) AS n, (SELECT integrity_check FROM pragma_integrity_check) AS integrity FROM city',
  )
  other.close()
  console.log(
    `\nnode-sqlite3-wasm opens ${path.basename(file)}: ${String(row?.['n'])} cities, integrity ${String(row?.['integrity'])}`,
  )
  return row?.['n'] === cities.length && row['integrity'] === 'ok'
    ? []
    : ['the home file is not whole in another SQLite']
}

function tellRecovery(report: RecoveryReport): void {
  console.log('RecoveryReport', shown(report))
}

/** A bar that moves where there is a terminal, else a line for each tenth. */
function progress(done: number, note: string): void {
  const width = 40
  const filled = Math.floor((done / cities.length) * width)
  const line = `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done.toLocaleString('en').padStart(7)} ${note}`
  if (process.stdout.isTTY) process.stdout.write(`\r${line}`)
  else if (note !== '' || Math.floor(filled / 4) !== lastTenth) console.log(line.trimEnd())
  lastTenth = Math.floor(filled / 4)
}

function rate(ms: number): string {
  return Math.round(cities.length / (ms / 1000)).toLocaleString('en')
}
