/** Looks whether a browser's medium holds a store of a name, and makes none. */
import { DatabaseError, isDatabaseError } from '../errors.ts'
import { loadChecksums } from '../storage/checksum.ts'
import { SECTOR_BYTES } from '../storage/format.ts'
import { decodeHeader } from '../storage/header.ts'
import { dataLossIn, makeStores } from '../storage/indexeddb/data-loss.ts'
import { databaseName, headerKeys, lossOf, pageOf, type Schema } from '../storage/indexeddb/schema.ts'
import { errorName } from '../storage/media/opfs-errors.ts'
import type { IndexedDbFinding, MediumFinding } from './store-choice.ts'
import { unlessBlocked } from './unless-blocked.ts'

/** A store is a header that is not of a store that was still being made: nothing was ever acknowledged there. */
export async function findInOpfs(name: string): Promise<MediumFinding> {
  const platform: { readonly navigator?: { readonly storage?: Partial<StorageManager> } } = globalThis
  const storage = platform.navigator?.storage
  if (storage?.getDirectory === undefined) return { kind: 'unsupported', why: 'the browser has none' }
  let root: FileSystemDirectoryHandle
  try {
    root = await storage.getDirectory()
  } catch (error) {
    return { kind: 'unsupported', why: error instanceof Error ? error.message : String(error) }
  }
  try {
    const directory = await (await root.getDirectoryHandle('datasync')).getDirectoryHandle(name)
    const file = await (await directory.getFileHandle('header')).getFile()
    const bytes = new Uint8Array(await file.arrayBuffer())
    await loadChecksums()
    return findingOf([bytes.subarray(0, SECTOR_BYTES), bytes.subarray(SECTOR_BYTES, 2 * SECTOR_BYTES)])
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return { kind: 'empty' }
    return { kind: 'unreadable', error: unreadable('OPFS', error) }
  }
}

export async function findInIndexedDb(name: string): Promise<IndexedDbFinding> {
  try {
    const platform: { readonly indexedDB?: IDBFactory | null } = globalThis
    const factory = platform.indexedDB ?? undefined
    if (factory === undefined) return { kind: 'unsupported', why: 'the browser has none' }
    const { page, dataLoss } = await headerValues(factory, name)
    await loadChecksums()
    if (page !== undefined) return findingOf([page])
    return dataLoss === undefined ? { kind: 'empty' } : { kind: 'lost', dataLoss }
  } catch (error) {
    return { kind: 'unreadable', error: isDatabaseError(error) ? error : unreadable('IndexedDB', error) }
  }
}

interface HeaderValues {
  readonly page?: Uint8Array | undefined
  readonly dataLoss?: string | undefined
}

/** Nothing: there is no such database, or no store in it. */
async function headerValues(factory: IDBFactory, name: string): Promise<HeaderValues> {
  const database = await unlessBlocked(name, openExisting(factory, databaseName(name)), (late) => late?.close())
  if (database === undefined) return {}
  try {
    if (!database.objectStoreNames.contains('header')) return {}
    const header = database.transaction('header').objectStore('header')
    const [page, note] = await Promise.all([headerKeys.page, headerKeys.lost].map((key) => valueAt(header, key)))
    return { page: pageOf(page), dataLoss: lossOf(note) }
  } finally {
    database.close()
  }
}

type HeaderValue = Schema['header']['value'] | undefined

function valueAt(header: IDBObjectStore, key: number): Promise<HeaderValue> {
  // Its type does not know what the store holds.
  const get = header.get(key) as IDBRequest<HeaderValue>
  return new Promise((resolve, reject) => {
    get.onsuccess = () => resolve(get.result)
    get.onerror = () => reject(get.error ?? new Error('get failed'))
  })
}

/** Undefined: there is none, and none is made, unless to keep what the browser says that it has lost. */
function openExisting(factory: IDBFactory, name: string): Promise<IDBDatabase | undefined> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name)
    let isAbsent = false
    request.onupgradeneeded = (event) => {
      const dataLoss = dataLossIn(event)
      isAbsent = dataLoss === undefined
      if (isAbsent) request.transaction?.abort()
      else makeStores(request, dataLoss)
    }
    request.onerror = () => (isAbsent ? resolve(undefined) : reject(request.error ?? new Error('open failed')))
    request.onsuccess = () => resolve(request.result)
  })
}

/** A header that cannot be read is a store whose id is not known: opening it says what is wrong with it. */
function findingOf(slots: readonly Uint8Array[]): MediumFinding {
  const decoded = slots.map((slot) =>
    slot.length === SECTOR_BYTES ? decodeHeader(slot) : { kind: 'damaged' as const },
  )
  const sound = decoded.flatMap((slot) => (slot.kind === 'sound' ? [slot.value] : []))
  const [newest] = sound.sort((a, b) => b.headerSeq - a.headerSeq)
  if (newest === undefined) return { kind: 'store', storeId: undefined }
  return newest.isCreating ? { kind: 'empty' } : { kind: 'store', storeId: newest.storeId }
}

/** Where site data is blocked a store may lie that nobody sees: none is made elsewhere, but to look again changes nothing either. */
function unreadable(medium: string, cause: unknown): DatabaseError {
  if (errorName(cause) === 'SecurityError') {
    return new DatabaseError('NOT_SUPPORTED', `${medium} is forbidden to this page: ${String(cause)}`, { cause })
  }
  return new DatabaseError('STORAGE_FAILED', `${medium} cannot be looked into now: ${String(cause)}`, {
    cause,
    retryable: true,
  })
}
