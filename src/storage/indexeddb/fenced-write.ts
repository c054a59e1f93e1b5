/**
 * The one way in which this store changes anything: a readwrite transaction that reads the fence first.
 *
 *   get fence ── put ── put ── …      queued at once, in this order
 *      │ success: epoch is ours ─▶ commit()      it is not ─▶ abort(), LEASE_LOST
 *
 * Only the get's success decides: after commit() an abort would come too late. Whatever the level, the outcome is observed: it resolves at
 * `complete` and rejects at `abort`, with the reason.
 */
import { unwrap } from 'idb'
import { DatabaseError } from '../../errors.ts'
import type { Connection } from './connection.ts'
import { type FailedAt, failureOf } from './failures.ts'
import { type Fence, fenceOf, headerKeys, type Schema, type StoreName } from './schema.ts'

export interface FencedWrite {
  readonly stores: readonly StoreName[]
  readonly durability: 'strict' | 'relaxed'
  readonly isOurs: (fence: Fence) => boolean
  /** Queues requests. Nothing else: what it throws aborts the transaction. */
  readonly queue: (tx: IDBTransaction) => void
}

/** @throws LEASE_LOST, STORAGE_FULL, STORAGE_FAILED with outcome 'unknown' unless nothing was begun */
export async function fencedWrite(connection: Connection, write: FencedWrite): Promise<void> {
  const database = await connection.use()
  let stopListening: (() => void) | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      stopListening = connection.onLost(database, reject)
      run(unwrap(database), write, { resolve, reject })
    })
  } finally {
    stopListening?.()
  }
}

interface Settle {
  readonly resolve: () => void
  readonly reject: (error: DatabaseError) => void
}

function run(
  database: IDBDatabase,
  { stores, durability, isOurs, queue }: FencedWrite,
  { resolve, reject }: Settle,
): void {
  const begun = begin(database, { stores, durability })
  if (begun instanceof DatabaseError) return reject(begun)
  let verdict: DatabaseError | undefined
  let failedAt: FailedAt = 'commit'
  begun.oncomplete = () => resolve()
  begun.onerror = () => {
    failedAt = 'put'
  }
  begun.onabort = () => reject(verdict ?? failureOf(begun.error, failedAt))
  const stop = (error: DatabaseError) => {
    verdict = error
    begun.abort()
  }
  try {
    // Its type does not know what the store holds.
    const get = begun.objectStore('header').get(headerKeys.fence) as IDBRequest<Schema['header']['value'] | undefined>
    get.onsuccess = () => {
      const fence = fenceOf(get.result)
      if (fence === undefined) return stop(failureOf(null, 'commit', 'deleted'))
      if (isOurs(fence)) begun.commit()
      else stop(superseded(fence.epoch))
    }
    queue(begun)
  } catch (error) {
    stop(failureOf(error, 'put'))
  }
}

function begin(
  database: IDBDatabase,
  { stores, durability }: Pick<FencedWrite, 'stores' | 'durability'>,
): IDBTransaction | DatabaseError {
  try {
    return database.transaction([...new Set<StoreName>(['header', ...stores])], 'readwrite', { durability })
  } catch (error) {
    return failureOf(error, 'begin')
  }
}

export const superseded = (seen: number): DatabaseError =>
  new DatabaseError('LEASE_LOST', `epoch ${seen} is on the medium, and it is not ours`, { details: { seen } })
