/**
 * A page that has a database open with others. It writes rows that are numbered page by page and tells what it begins and what comes of
 * it; whatever else a test wants of the database it asks here.
 */
import { type Database, isDatabaseError, open, type OpenOptions } from '../../../src/browser.ts'
import type { Status } from '../../../src/events.ts'

export type Report =
  | { readonly kind: 'begun'; readonly n: number }
  | { readonly kind: 'acknowledged'; readonly n: number; readonly epoch: number }
  | { readonly kind: 'refused'; readonly n: number; readonly code: string; readonly outcome?: 'unknown' }
  /** Of the opening. */
  | { readonly kind: 'refusal'; readonly code: string; readonly message: string }
  /** Its worker runs and gets no further, as it was told. */
  | { readonly kind: 'stalling' }
  | { readonly kind: 'status'; readonly status: Status; readonly atMs: number }

export interface Writing {
  readonly page: number
  readonly inFlight: number
  readonly deadlineMs?: number
}

export interface Told {
  readonly code: string
  readonly message: string
  readonly outcome?: string
  readonly requestId?: string
}

declare const report: (text: string) => void

let database: Database | undefined
let isStopping = false
let running: Promise<void> | undefined
let last = 0
const counts = { leaders: 0 }

const tell = (message: Report) => report(JSON.stringify(message))
/** Comparable between the pages of one browser. */
const nowMs = () => performance.timeOrigin + performance.now()

function db(): Database {
  if (database === undefined) throw new Error('begin() comes first')
  return database
}

/** 'open', or the code of the error. `script`: of the worker. */
async function begin(name: string, options: OpenOptions = {}, script = '/worker.js'): Promise<string> {
  try {
    database = await open(name, { ...options, worker: () => new Worker(script, { type: 'module' }) })
  } catch (error) {
    const { code, message } = toldOf(error)
    tell({ kind: 'refusal', code, message })
    return code
  }
  database.status$.subscribe((status) => {
    if (status.role === 'leader' && status.state === 'leading') counts.leaders += 1
    // All is refused at once from here on.
    if (status.state === 'failed') isStopping = true
    tell({ kind: 'status', status, atMs: nowMs() })
  })
  return 'open'
}

async function prepare(): Promise<void> {
  await db().exec('CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY AUTOINCREMENT, page INTEGER, n INTEGER)')
}

/** So many at a time, from the last number on, until `stop`. */
function start(writing: Writing): void {
  isStopping = false
  running = writeAll(writing)
}

async function writeRows(page: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => write(page, ++last, {})))
}

/** The page was loaded anew, and has written before. */
function countFrom(n: number): void {
  last = n
}

/** Resolves when all that was begun has its end. */
async function stop(): Promise<void> {
  isStopping = true
  await running
}

const isWriting = () => !isStopping

/** Each of several writers waits for its answer; timers of a page in the background would wait for a second. */
async function writeAll({ page, inFlight, ...options }: Writing): Promise<void> {
  const one = async () => {
    while (isWriting()) await write(page, ++last, options)
  }
  await Promise.all(Array.from({ length: inFlight }, one))
}

async function write(page: number, n: number, options: { readonly deadlineMs?: number }): Promise<void> {
  tell({ kind: 'begun', n })
  try {
    const { receipt } = await db().exec('INSERT INTO entry (page, n) VALUES (?, ?)', [page, n], options)
    tell({ kind: 'acknowledged', n, epoch: receipt.epoch })
  } catch (error) {
    const { code, outcome } = toldOf(error)
    // Refused at once for ever: to go on would let nothing else of this page have a turn.
    if (code === 'DATABASE_CLOSED') isStopping = true
    tell({ kind: 'refused', n, code, ...(outcome === undefined ? {} : { outcome: 'unknown' }) })
  }
}

/** 'done', or what the error says. */
async function attempt(work: () => Promise<unknown>): Promise<'done' | Told> {
  try {
    await work()
    return 'done'
  } catch (error) {
    return toldOf(error)
  }
}

function toldOf(error: unknown): Told {
  if (!isDatabaseError(error)) return { code: 'none', message: String(error) }
  const { code, message, outcome, details } = error
  const { requestId } = details
  return {
    code,
    message,
    ...(outcome === undefined ? {} : { outcome }),
    ...(typeof requestId === 'string' ? { requestId } : {}),
  }
}

let crowded: Worker[] = []

/** So many workers that do nothing, by which the process of this page can be found. Resolves when they run. */
async function crowd(count: number): Promise<void> {
  for (const worker of crowded) worker.terminate()
  const script = URL.createObjectURL(new Blob(['postMessage(0)'], { type: 'text/javascript' }))
  crowded = Array.from({ length: count }, () => new Worker(script))
  await Promise.all(crowded.map((worker) => new Promise((resolve) => (worker.onmessage = resolve))))
}

const tellStalling = () => tell({ kind: 'stalling' })

export const member = {
  db,
  begin,
  prepare,
  start,
  stop,
  writeRows,
  countFrom,
  attempt,
  crowd,
  nowMs,
  counts,
  tellStalling,
}

Object.assign(globalThis, { member })
