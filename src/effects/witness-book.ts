/**
 * Where witnesses are kept. The witness of a store is a note in the other medium of what was durable there. Chromium can lose a whole IndexedDB, and a site's OPFS
 * can be cleared; the note makes the difference between a new database and a lost one.
 *
 *   store on IndexedDB ── witness in OPFS       datasync-witness/<name>
 *   store on OPFS      ── witness in IndexedDB  datasync-witness, store `witness`, key <name>
 *
 */
import { openDB } from 'idb'
import { isDatabaseError } from '../errors.ts'
import type { BrowserMedium, Witness } from './store-choice.ts'
import { unlessBlocked } from './unless-blocked.ts'

const PLACE = 'datasync-witness'

/** Where the witnesses of stores on `medium` are kept. None of its calls waits for a writer. */
export interface WitnessBook {
  readonly medium: BrowserMedium
  read(name: string): Promise<Witness | undefined>
  write(name: string, witness: Witness): Promise<void>
  remove(name: string): Promise<void>
}

/** Undefined: the platform has no such place, and stores on `medium` go without a witness. @throws STORE_LOCKED: it has, and it is blocked */
export async function witnessBook(medium: BrowserMedium): Promise<WitnessBook | undefined> {
  try {
    return medium === 'opfs' ? await inIndexedDb() : await inOpfs()
  } catch (error) {
    if (isDatabaseError(error)) throw error
    // A private window, or an old browser: that a witness cannot be had is no reason not to open a store.
    return undefined
  }
}

async function inIndexedDb(): Promise<WitnessBook> {
  const use = async <T>(work: (db: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> => {
    const db = await open()
    try {
      return await work(db)
    } finally {
      db.close()
    }
  }
  await use(async () => undefined)
  return {
    medium: 'opfs',
    read: (name) => use(async (db) => witnessOf('opfs', await db.get('witness', name))),
    write: (name, witness) =>
      use(async (db) => {
        const tx = db.transaction('witness', 'readwrite', { durability: 'strict' })
        await Promise.all([tx.store.put(witness, name), tx.done])
      }),
    remove: (name) => use((db) => db.delete('witness', name)),
  }
}

const open = () =>
  unlessBlocked(PLACE, openDB(PLACE, 1, { upgrade: (db) => void db.createObjectStore('witness') }), (late) =>
    late.close(),
  )

async function inOpfs(): Promise<WitnessBook> {
  const root = await navigator.storage.getDirectory()
  const directory = await root.getDirectoryHandle(PLACE, { create: true })
  return {
    medium: 'indexeddb',
    async read(name) {
      const file = await directory.getFileHandle(name).catch(absent)
      return file === undefined ? undefined : witnessOf('indexeddb', parsed(await (await file.getFile()).text()))
    },
    async write(name, witness) {
      const file = await directory.getFileHandle(name, { create: true })
      // It takes the place of the file as a whole when it is closed.
      const writable = await file.createWritable()
      await writable.write(JSON.stringify(witness))
      await writable.close()
    },
    async remove(name) {
      await directory.removeEntry(name).catch(absent)
    },
  }
}

function absent(error: unknown): undefined {
  if (error instanceof DOMException && error.name === 'NotFoundError') return undefined
  throw error
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A note that makes no sense is none: it was torn, or is not ours. */
function witnessOf(medium: BrowserMedium, note: unknown): Witness | undefined {
  if (typeof note !== 'object' || note === null) return undefined
  const { storeId, epoch, durableTxid } = note as Partial<Record<keyof Witness, unknown>>
  if (typeof storeId !== 'string' || !isCount(epoch) || !isCount(durableTxid)) return undefined
  return { medium, storeId, epoch, durableTxid }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
