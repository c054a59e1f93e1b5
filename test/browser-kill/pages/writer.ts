/**
 * The page that is killed. Writes transaction after transaction, each to three tables at once and moving money between accounts, and
 * tells what it begins and what is acknowledged. What it writes follows from the number alone, so that the next page can compare.
 */
import { type Database, isDatabaseError, open, type OpenOptions } from '../../../src/browser.ts'
import { newWorker } from './new-worker.ts'
import { refusal } from './refusal.ts'
import { ACCOUNTS, BALANCE, contentOf, SCHEMA } from '../../kill/workload.ts'

export type WriterReport =
  | { readonly kind: 'begun' | 'acknowledged'; readonly seq: number }
  | { readonly kind: 'failed'; readonly seq: number; readonly error: string }

export interface WriterRun {
  readonly inFlight: number
  readonly durability: 'strict' | 'relaxed' | 'deferred'
  /** No transaction behind this one is begun, until `allow` says more. */
  readonly through: number
}

export interface Examined {
  readonly transactions: number
  readonly integrity: string
  /** What does not fit: a number missing, a payload that is not what was written, tables that disagree. */
  readonly torn: readonly string[]
}

export interface Filled {
  readonly acknowledged: number
  /** The code with which it ended. */
  readonly refused: string
  /** The code of its cause. */
  readonly because: string
  /** Codes that `sync.failed` told. */
  readonly heard: readonly string[]
}

/** What the streams of the database have told. */
export interface Told {
  state: string
  reason: string
  /** Codes of `storage.failed`. */
  readonly failures: string[]
}

declare const report: (text: string) => void

const FILLING = 'CREATE TABLE IF NOT EXISTS filling (n INTEGER PRIMARY KEY, v BLOB);'

let database: Database | undefined
let told: Told = { state: 'none', reason: '', failures: [] }
let allowed = 0
let isStopping = false
let running: Promise<void> | undefined
const isRunning = () => !isStopping
let wake: () => void = () => undefined

const tell = (message: WriterReport) => report(JSON.stringify(message))
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function opened(): Database {
  if (database === undefined) throw new Error('open() comes first')
  return database
}

/** 'created', 'existing', or the code of the error. The lock of a page that has died is free within moments. */
async function openStore(name: string, options: OpenOptions): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      database = await open(name, { worker: newWorker, ...options })
      listenTo(database)
      return database.recoveryReport.found
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      if (error.code !== 'STORE_LOCKED' || tries === 200) return error.code
      await pause(20)
    }
  }
}

function listenTo({ status$, events$ }: Database): void {
  const heard: Told = { state: 'none', reason: '', failures: [] }
  told = heard
  status$.subscribe(({ state, reason = '' }) => Object.assign(heard, { state, reason }))
  events$.subscribe((event) => event.type === 'storage.failed' && heard.failures.push(event.code))
}

async function prepare(): Promise<void> {
  await opened().exec(`${SCHEMA} ${FILLING}`)
}

/** Goes on behind the last transaction that is there. Never ends of itself. */
function start(run: WriterRun): void {
  allowed = run.through
  isStopping = false
  running = writeAll(run)
}

/** Begins no more, and waits until all that was begun is answered. */
async function stop(): Promise<void> {
  isStopping = true
  wake()
  await running
}

async function writeAll({ inFlight, durability }: WriterRun): Promise<void> {
  const [row] = await opened().query<{ next: number }>('SELECT coalesce(max(seq), 0) + 1 AS next FROM entry')
  const waiting = new Set<Promise<void>>()
  for (let seq = row?.next ?? 1; isRunning(); seq++) {
    while (seq > allowed && isRunning()) await new Promise<void>((resolve) => (wake = resolve))
    tell({ kind: 'begun', seq })
    const written = write(seq, durability).then(
      () => tell({ kind: 'acknowledged', seq }),
      (error: unknown) => tell({ kind: 'failed', seq, error: codeOf(error) }),
    )
    waiting.add(written)
    void written.finally(() => waiting.delete(written))
    if (waiting.size >= inFlight) await Promise.race(waiting)
    if (seq % 97 === 0) void opened().checkpoint()
  }
  await Promise.all(waiting)
}

async function write(seq: number, durability: WriterRun['durability']): Promise<void> {
  const { payload, from, to, amount } = contentOf(seq)
  await opened().batch(
    [
      { sql: 'INSERT INTO entry VALUES (?, ?)', params: [seq, payload] },
      { sql: 'INSERT INTO shadow VALUES (?, ?)', params: [seq, payload.length] },
      { sql: 'UPDATE account SET balance = balance - ? WHERE id = ?', params: [amount, from] },
      { sql: 'UPDATE account SET balance = balance + ? WHERE id = ?', params: [amount, to] },
    ],
    { durability, deadlineMs: 10_000 },
  )
}

/** Writes rows of so many bytes until one is refused. What was told by then, and how many rows are acknowledged and there. */
async function fill(bytes: number): Promise<Filled> {
  const db = opened()
  const heard = new Set<string>()
  const listening = db.events$.subscribe((event) => event.type === 'sync.failed' && heard.add(event.code))
  await db.exec(FILLING)
  let acknowledged = 0
  let refused = ''
  let because = ''
  while (refused === '' && acknowledged * bytes < 200_000_000) {
    try {
      await db.exec('INSERT INTO filling(v) VALUES (randomblob(?))', [bytes], { deadlineMs: 2000 })
      acknowledged++
    } catch (error) {
      refused = codeOf(error)
      because = error instanceof Error ? codeOf(error.cause) : ''
    }
  }
  listening.unsubscribe()
  return { acknowledged, refused, because, heard: [...heard] }
}

/** Writes one more row; 'done' or the code of the error. */
async function writeOne(): Promise<string> {
  try {
    await opened().exec("INSERT INTO filling(v) VALUES ('one more')", [], { deadlineMs: 5000 })
    return 'done'
  } catch (error) {
    return codeOf(error)
  }
}

async function countFilled(): Promise<number> {
  const [row] = await opened().query<{ n: number }>('SELECT count(*) AS n FROM filling')
  return row?.n ?? 0
}

function allow(through: number): void {
  allowed = through
  wake()
}

/** `refused`: those that are not there. */
async function examine({ refused = [] }: { readonly refused?: readonly number[] } = {}): Promise<Examined> {
  const db = opened()
  const torn: string[] = []
  const balances = Array.from({ length: ACCOUNTS }, () => BALANCE)
  const entries = await db.query<{ seq: number; payload: Uint8Array }>('SELECT seq, payload FROM entry ORDER BY seq')
  const lengths = await db.query<{ seq: number; length: number }>('SELECT seq, length FROM shadow ORDER BY seq')
  if (lengths.length !== entries.length) torn.push(`${entries.length} entries, ${lengths.length} lengths`)
  let expected = 0
  for (const [index, { seq, payload }] of entries.entries()) {
    do expected++
    while (refused.includes(expected))
    const content = contentOf(expected)
    if (seq !== expected) torn.push(`${seq} is in the place of ${expected}`)
    if (!isSame(payload, content.payload)) torn.push(`the payload of ${seq}`)
    if (lengths[index]?.length !== payload.length || lengths[index].seq !== seq) torn.push(`the length of ${seq}`)
    balances[content.from] = (balances[content.from] ?? 0) - content.amount
    balances[content.to] = (balances[content.to] ?? 0) + content.amount
  }
  const accounts = await db.query<readonly number[]>('SELECT balance FROM account ORDER BY id', [], {
    rowMode: 'array',
  })
  if (accounts.join() !== balances.join()) torn.push(`the balances ${accounts.join()} instead of ${balances.join()}`)
  return { transactions: entries.length, integrity: await checkIntegrity(), torn: torn.slice(0, 10) }
}

async function checkIntegrity(): Promise<string> {
  const [check] = await opened().query<{ integrity_check: string }>('PRAGMA integrity_check')
  return check?.integrity_check ?? 'no answer'
}

const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, at) => byte === b[at])

const close = () => opened().close()

/** 'done', or the code of the error with which the close has ended. */
const end = () =>
  close().then(
    () => 'done',
    (error: unknown) => codeOf(error),
  )
const heard = () => told
const codeOf = (error: unknown) => (isDatabaseError(error) ? error.code : String(error))

Object.assign(globalThis, {
  writer: {
    openStore,
    refusal,
    prepare,
    start,
    allow,
    stop,
    fill,
    writeOne,
    countFilled,
    examine,
    checkIntegrity,
    close,
    end,
    heard,
  },
})
