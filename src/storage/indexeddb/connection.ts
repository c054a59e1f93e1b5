/**
 * One connection, which may be lost and opened again.
 *
 *           use()              close · versionchange
 *   closed ───────▶ open ────────────────────────────▶ lost ──use()──▶ open     the database is gone: STORE_LOST
 *                     │ close()
 *                     ▼
 *                   ended
 *
 * Who asks the connection to close for a deletion or an upgrade gets it at once: an open connection would block them. What was
 * in flight when a connection was lost has no outcome that anybody knows; `lost` tells those who wait for one.
 */
import { type IDBPDatabase, unwrap, wrap } from 'idb'
import { DatabaseError } from '../../errors.ts'
import { dataLossIn, makeStores } from './data-loss.ts'
import { failureOf } from './failures.ts'
import { databaseName, type Schema, SCHEMA_VERSION } from './schema.ts'

export interface ConnectionOptions {
  readonly factory: IDBFactory
  /** Rejects when others have kept it waiting for too long; `discard` gets what comes later. Absent: it is waited for. */
  readonly bounded?: Bounded
}

export type Bounded = <T>(waiting: Promise<T>, discard: (late: T) => void) => Promise<T>

export type Database = IDBPDatabase<Schema>

const ATTEMPTS_MAX = 3

/**
 * Opens the database and makes its stores if there are none.
 * @throws STORAGE_FULL, STORAGE_FAILED, FORMAT_UNKNOWN, and what `bounded` rejects with
 */
export async function openConnection(name: string, options: ConnectionOptions): Promise<Connection> {
  const connection = new Connection(name, options)
  await connection.use()
  return connection
}

/**
 * Removes the database; connections to it are asked to close first, and it happens when they have, whoever waits for it.
 * @throws STORAGE_FAILED, and what `bounded` rejects with
 */
export async function destroyDatabase(
  name: string,
  { factory, bounded = unbounded }: ConnectionOptions,
): Promise<void> {
  const request = factory.deleteDatabase(databaseName(name))
  await bounded(
    new Promise<void>((resolve, reject) => {
      request.onsuccess = () => resolve()
      request.onerror = () => reject(failureOf(request.error, 'open'))
    }),
    () => undefined,
  )
}

const unbounded: Bounded = (waiting) => waiting

export class Connection {
  readonly name: string
  readonly #factory: IDBFactory
  readonly #bounded: Bounded
  readonly #onLost = new Map<(error: DatabaseError) => void, Database>()
  #database: Database | undefined
  #opening: Promise<Database> | undefined
  #wasOpened = false
  #isEnded = false

  constructor(name: string, { factory, bounded = unbounded }: ConnectionOptions) {
    this.name = databaseName(name)
    this.#factory = factory
    this.#bounded = bounded
  }

  /** The open database; opened again if the connection was lost. @throws STORE_LOST, STORAGE_FAILED, DATABASE_CLOSED */
  async use(): Promise<Database> {
    if (this.#isEnded) throw new DatabaseError('DATABASE_CLOSED', 'the store is closed')
    if (this.#database !== undefined) return this.#database
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** Calls `listener` when this connection is lost, be it the current one or not; returns how to stop that. */
  onLost(database: Database, listener: (error: DatabaseError) => void): () => void {
    this.#onLost.set(listener, database)
    return () => void this.#onLost.delete(listener)
  }

  /** For ever. */
  close(): void {
    this.#isEnded = true
    this.#database?.close()
    this.#database = undefined
  }

  async #open(): Promise<Database> {
    for (let attempt = 1; ; attempt++) {
      try {
        const database = await this.#request()
        if (this.#isEnded) {
          database.close()
          throw new DatabaseError('DATABASE_CLOSED', 'the store is closed')
        }
        this.#wasOpened = true
        this.#database = database
        this.#watch(database)
        return database
      } catch (error) {
        const failure = failureOf(error, 'open')
        if (attempt === ATTEMPTS_MAX || failure.code !== 'STORAGE_FAILED') throw failure
      }
    }
  }

  async #request(): Promise<Database> {
    const request = this.#factory.open(this.name, SCHEMA_VERSION)
    const found = { isGone: false, isUnwanted: false }
    request.onupgradeneeded = (event) => {
      found.isGone = this.#wasOpened || found.isUnwanted
      const dataLoss = dataLossIn(event)
      if (found.isGone && dataLoss === undefined) return request.transaction?.abort()
      makeStores(request, dataLoss)
    }
    try {
      // wrap() types what it returns for a database of any shape; the upgrade has just given it this one.
      const database = (await this.#bounded(wrap(request), (late) => late?.close())) as unknown as Database
      if (!found.isGone) return database
      database.close()
      throw failureOf(null, 'open', 'deleted')
    } catch (error) {
      found.isUnwanted = true
      throw failureOf(error, 'open', found.isGone ? 'deleted' : undefined)
    }
  }

  #watch(database: Database): void {
    const raw = unwrap(database)
    raw.onversionchange = () => {
      raw.close()
      this.#lose(database, 'version-change')
    }
    raw.onclose = () => this.#lose(database, 'connection-lost')
  }

  #lose(database: Database, kind: 'version-change' | 'connection-lost'): void {
    if (this.#database === database) this.#database = undefined
    // close() lets transactions that were begun end; only a connection that the browser ended leaves them without an answer.
    if (kind === 'version-change') return
    for (const [listener, of] of this.#onLost) if (of === database) listener(failureOf(null, 'commit', kind))
  }
}
