/**
 * What a browser says that it has lost. Chromium throws away an IndexedDB that it finds damaged, with all databases of the site, and says so
 * once: in the event with which the first of them is made anew.
 *
 *   told ─▶ the stores are made with a note, in the transaction of that event ─▶ STORE_LOST at every opening
 *             a store is made here all the same ─▶ the note goes       the database is destroyed ─▶ so it does
 */
import { DatabaseError } from '../../errors.ts'
import { headerKeys, type LossNote, storeNames } from './schema.ts'

/** Undefined: it says nothing, or that nothing was lost. */
export function dataLossIn(
  event: IDBVersionChangeEvent & { readonly dataLoss?: string; readonly dataLossMessage?: string },
): string | undefined {
  if (event.dataLoss === undefined || event.dataLoss === 'none') return undefined
  return `${event.dataLoss}: ${event.dataLossMessage ?? ''}`
}

/** Makes the stores of a database that is being made by `request`, as long as its upgrade runs. */
export function makeStores(request: IDBOpenDBRequest, dataLoss: string | undefined): void {
  for (const store of storeNames) request.result.createObjectStore(store)
  if (dataLoss === undefined) return
  const note: LossNote = { dataLoss }
  request.transaction?.objectStore('header').put(note, headerKeys.lost)
}

export const dataLost = (dataLoss: string): DatabaseError =>
  new DatabaseError(
    'STORE_LOST',
    `the browser has lost what IndexedDB held for this site (${dataLoss}), and nobody knows whether this database was there; restore a backup, open with recovery.onLost "open" to go on without it, or destroy() it to start anew`,
    { details: { medium: 'indexeddb', dataLoss } },
  )
