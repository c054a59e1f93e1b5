/**
 * The page that is killed. Writes transaction after transaction, each to three tables at once and moving money between accounts, and
 * tells what it begins and what is acknowledged. What it writes follows from the number alone, so that the next page can compare.
 */
import { type Database, isDatabaseError, open, type OpenOptions } from '../../../src/browser.ts'
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

declare const report: (text: string) => void

let database: Database | undefined
let allowed = 0
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
      database = await open(name, { ...options, worker: () => new Worker('/worker.js', { type: 'module' }) })
      return database.recoveryReport.found
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      if (error.code !== 'STORE_LOCKED' || tries === 200) return error.code
      await pause(20)
    }
  }
}

async function prepare(): Promise<void> {
  await opened().exec(SCHEMA)
}

/** Goes on behind the last transaction that is there. Never ends of itself. */
function start(run: WriterRun): void {
  allowed = run.through
  void writeAll(run)
}

async function writeAll({ inFlight, durability }: WriterRun): Promise<void> {
  const [row] = await opened().query<{ next: number }>('SELECT coalesce(max(seq), 0) + 1 AS next FROM entry')
  const waiting = new Set<Promise<void>>()
  for (let seq = row?.next ?? 1; ; seq++) {
    while (seq > allowed) await new Promise<void>((resolve) => (wake = resolve))
    tell({ kind: 'begun', seq })
    const written = write(seq, durability).then(
      () => tell({ kind: 'acknowledged', seq }),
      (error: unknown) => tell({ kind: 'failed', seq, error: String(error) }),
    )
    waiting.add(written)
    void written.finally(() => waiting.delete(written))
    if (waiting.size >= inFlight) await Promise.race(waiting)
    if (seq % 97 === 0) void opened().checkpoint()
  }
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
    { durability },
  )
}

function allow(through: number): void {
  allowed = through
  wake()
}

async function examine(): Promise<Examined> {
  const db = opened()
  const torn: string[] = []
  const balances = Array.from({ length: ACCOUNTS }, () => BALANCE)
  const entries = await db.query<{ seq: number; payload: Uint8Array }>('SELECT seq, payload FROM entry ORDER BY seq')
  const lengths = await db.query<{ seq: number; length: number }>('SELECT seq, length FROM shadow ORDER BY seq')
  if (lengths.length !== entries.length) torn.push(`${entries.length} entries, ${lengths.length} lengths`)
  for (const [index, { seq, payload }] of entries.entries()) {
    const content = contentOf(index + 1)
    if (seq !== index + 1) torn.push(`${seq} is in the place of ${index + 1}`)
    if (!isSame(payload, content.payload)) torn.push(`the payload of ${seq}`)
    if (lengths[index]?.length !== payload.length || lengths[index].seq !== seq) torn.push(`the length of ${seq}`)
    balances[content.from] = (balances[content.from] ?? 0) - content.amount
    balances[content.to] = (balances[content.to] ?? 0) + content.amount
  }
  const accounts = await db.query<readonly number[]>('SELECT balance FROM account ORDER BY id', [], {
    rowMode: 'array',
  })
  if (accounts.join() !== balances.join()) torn.push(`the balances ${accounts.join()} instead of ${balances.join()}`)
  const [check] = await db.query<{ integrity_check: string }>('PRAGMA integrity_check')
  return { transactions: entries.length, integrity: check?.integrity_check ?? 'no answer', torn: torn.slice(0, 10) }
}

const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, at) => byte === b[at])

const close = () => opened().close()

Object.assign(globalThis, { writer: { openStore, prepare, start, allow, examine, close } })
