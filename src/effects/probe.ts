/** Looks whether a browser's medium holds a store of a name, and makes nothing. */
import { DatabaseError, isDatabaseError } from '../errors.ts'
import { loadChecksums } from '../storage/checksum.ts'
import { SECTOR_BYTES } from '../storage/format.ts'
import { decodeHeader } from '../storage/header.ts'
import { databaseName, headerKeys } from '../storage/indexeddb/schema.ts'
import type { MediumFinding } from './store-choice.ts'
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

export async function findInIndexedDb(name: string): Promise<MediumFinding> {
  const platform: { readonly indexedDB?: IDBFactory } = globalThis
  const factory = platform.indexedDB
  if (factory === undefined) return { kind: 'unsupported', why: 'the browser has none' }
  try {
    const page = await headerPage(factory, name)
    await loadChecksums()
    return page === undefined ? { kind: 'empty' } : findingOf([page])
  } catch (error) {
    return { kind: 'unreadable', error: isDatabaseError(error) ? error : unreadable('IndexedDB', error) }
  }
}

/** Undefined: there is no such database, or no store in it. */
async function headerPage(factory: IDBFactory, name: string): Promise<Uint8Array | undefined> {
  const database = await unlessBlocked(name, openExisting(factory, databaseName(name)), (late) => late?.close())
  if (database === undefined) return undefined
  try {
    if (!database.objectStoreNames.contains('header')) return undefined
    const get = database.transaction('header').objectStore('header').get(headerKeys.page)
    const found = await new Promise<unknown>((resolve, reject) => {
      get.onsuccess = () => resolve(get.result)
      get.onerror = () => reject(get.error ?? new Error('get failed'))
    })
    return found instanceof Uint8Array ? found : undefined
  } finally {
    database.close()
  }
}

function openExisting(factory: IDBFactory, name: string): Promise<IDBDatabase | undefined> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name)
    let isAbsent = false
    request.onupgradeneeded = () => {
      isAbsent = true
      request.transaction?.abort()
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

const unreadable = (medium: string, cause: unknown): DatabaseError =>
  new DatabaseError('STORAGE_FAILED', `${medium} cannot be looked into now: ${String(cause)}`, {
    cause,
    retryable: true,
  })
