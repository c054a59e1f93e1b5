/**
 * Databases on IndexedDB in this very page, whose transactions are aborted at the n-th point of a small workload:
 *
 *   request   the transaction of the n-th request is aborted as soon as the request is made
 *   commit    the n-th explicit commit is an abort
 */
import { type Database, destroy, isDatabaseError, open, type OpenOptions } from '../../../src/browser.ts'

export interface Abort {
  readonly at: 'request' | 'commit'
  /** Counted from 1; 0 only counts. */
  readonly point: number
}

export interface Outcome {
  /** How many there were. */
  readonly points: number
  readonly hasStruck: boolean
  /** Events of the browser that told of an abort. */
  readonly abortsHeard: number
  /** Numbers of the rows whose promises were kept, and what each of the others was told. */
  readonly acknowledged: readonly number[]
  readonly refused: readonly { readonly row: number; readonly code: string; readonly outcome?: string }[]
  /** Codes that other calls failed with. */
  readonly failures: readonly string[]
  /** Rows that are there when everything is over and the database is opened again. */
  readonly rows: readonly number[]
  readonly integrity: string
}

const options: OpenOptions = { storage: 'indexeddb', worker: false, wasmUrl: '/wa-sqlite.wasm' }
const requestMakers = ['add', 'put', 'delete', 'get', 'getKey', 'getAll', 'getAllKeys', 'openCursor'] as const
type Method = (this: IDBObjectStore, ...args: unknown[]) => IDBRequest

/** Counts the points until `stop`, and aborts at one of them. */
class Aborting {
  points = 0
  hasStruck = false
  heard = 0
  readonly stop: () => void

  constructor({ at, point }: Abort) {
    const prototype = IDBObjectStore.prototype as unknown as Record<string, Method>
    const { commit } = IDBTransaction.prototype
    const originals = requestMakers.map((name) => [name, prototype[name]] as const)
    const strikes = () => ++this.points === point
    const abort = (transaction: IDBTransaction) => {
      transaction.addEventListener('abort', () => this.heard++)
      this.hasStruck = true
      transaction.abort()
    }
    if (at === 'commit') {
      IDBTransaction.prototype.commit = function () {
        if (strikes()) abort(this)
        else commit.call(this)
      }
    }
    if (at === 'request') this.#abortRequests(originals, strikes, abort)
    this.stop = () => {
      IDBTransaction.prototype.commit = commit
      for (const [name, original] of originals) if (original !== undefined) prototype[name] = original
    }
  }

  /** Browsers abort between two tasks, never while requests are being made; nobody can once the transaction was told to commit. */
  #abortRequests(
    originals: readonly (readonly [string, Method | undefined])[],
    strikes: () => boolean,
    abort: (transaction: IDBTransaction) => void,
  ): void {
    const prototype = IDBObjectStore.prototype as unknown as Record<string, Method>
    const { commit } = IDBTransaction.prototype
    const struck = new WeakSet<IDBTransaction>()
    const abortOnce = (transaction: IDBTransaction) => {
      if (struck.delete(transaction)) abort(transaction)
    }
    IDBTransaction.prototype.commit = function () {
      if (struck.has(this)) abortOnce(this)
      else commit.call(this)
    }
    for (const [name, original] of originals) {
      if (original === undefined) continue
      prototype[name] = function (...args) {
        const request = original.apply(this, args)
        if (strikes()) {
          struck.add(this.transaction)
          queueMicrotask(() => abortOnce(this.transaction))
        }
        return request
      }
    }
  }
}

class Workload {
  readonly acknowledged: number[] = []
  readonly refused: { row: number; code: string; outcome?: string }[] = []
  readonly failures: string[] = []

  /** Everything is tried, whatever failed before. */
  async run(name: string): Promise<void> {
    const db = await this.#attempt(open(name, options))
    if (db === undefined) return
    await this.#attempt(db.exec('CREATE TABLE t(row INTEGER PRIMARY KEY, v)'))
    await Promise.all([1, 2, 3].map((row) => this.#insert(db, row, 'strict')))
    await this.#insert(db, 4, 'relaxed')
    await this.#attempt(db.forceSync())
    await this.#attempt(db.checkpoint())
    await this.#insert(db, 5, 'strict')
    await this.#attempt(db.close())
  }

  async #insert(db: Database, row: number, durability: 'strict' | 'relaxed'): Promise<void> {
    try {
      await db.exec("INSERT INTO t VALUES (?, 'kept')", [row], { durability })
      this.acknowledged.push(row)
    } catch (error) {
      const { code, outcome } = told(error)
      this.refused.push({ row, code, ...(outcome === undefined ? {} : { outcome }) })
    }
  }

  async #attempt<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      return await call
    } catch (error) {
      this.failures.push(told(error).code)
      return undefined
    }
  }
}

const told = (error: unknown) => {
  if (isDatabaseError(error)) return error
  throw error
}

async function abortAt(abort: Abort): Promise<Outcome> {
  const name = `aborted-${abort.at}-${abort.point}`
  const workload = new Workload()
  const aborting = new Aborting(abort)
  try {
    await workload.run(name)
  } finally {
    aborting.stop()
  }
  const found = await examine(name)
  const { acknowledged, refused, failures } = workload
  const { points, hasStruck, heard: abortsHeard } = aborting
  return { points, hasStruck, abortsHeard, acknowledged, refused, failures, ...found }
}

/** What is there when it is opened again; afterwards nothing is. */
async function examine(name: string): Promise<Pick<Outcome, 'rows' | 'integrity'>> {
  const db = await open(name, options)
  const tables = await db.query("SELECT name FROM sqlite_schema WHERE name = 't'")
  const rows = tables.length === 0 ? [] : await db.query<{ row: number }>('SELECT row FROM t ORDER BY row')
  const [check] = await db.query<{ integrity_check: string }>('PRAGMA integrity_check')
  await db.close()
  await destroy(name, options)
  return { rows: rows.map(({ row }) => row), integrity: check?.integrity_check ?? 'no answer' }
}

/** A database whose files can be looked at. */
async function leave(): Promise<void> {
  const db = await open('left', options)
  await db.exec('CREATE TABLE t(row)')
  await db.close()
}

Object.assign(globalThis, { aborting: { abortAt, leave } })
