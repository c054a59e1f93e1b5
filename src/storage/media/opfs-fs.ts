/**
 * Files in the browser's origin private file system, in the directory `datasync`/name. For dedicated workers: only they have handles
 * that read and write synchronously. A handle excludes every other one, also of a page that was reloaded and is not gone yet: opening
 * waits for such a handle, a bounded number of times.
 *
 *   getRoot ─▶ datasync ─▶ name ─▶ file ── createSyncAccessHandle ─▶ handle: read, write, flush
 *
 * Names have no barrier here: the platform promises nothing about them. A store bears that, because its names never change once it is
 * made, and because a store whose files are not all there is refused and not made anew.
 */
import { DatabaseError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import type { FileSystem, StoreFile } from '../file-system.ts'
import { errorName, translate } from './opfs-errors.ts'
import { fileOverHandle } from './opfs-file.ts'
import type { OpfsDirectory, OpfsFile, SyncAccessHandle } from './opfs-handles.ts'

export interface OpfsOptions {
  /** Waits between two attempts at a handle. */
  readonly pause: (ms: number) => Promise<void>
  /** The directory of the origin. Absent: the platform's. */
  readonly getRoot?: (() => Promise<OpfsDirectory>) | undefined
}

/** Opens the directory of a database, made if it is not there. @throws NOT_SUPPORTED with what is missing; STORAGE_FULL, STORAGE_FAILED */
export async function openOpfs(name: string, { pause, getRoot = platformRoot() }: OpfsOptions): Promise<OpfsFs> {
  const location = `opfs:datasync/${name}`
  if (getRoot === undefined) throw unsupported(location, 'navigator.storage.getDirectory')
  const root = await getRoot().catch((cause: unknown) => {
    // What Firefox and Safari answer in a private window.
    throw unsupported(location, 'the origin private file system', cause)
  })
  const directory = await attempt(location, 'make the directory', async () => {
    const all = await root.getDirectoryHandle('datasync', { create: true })
    return all.getDirectoryHandle(name, { create: true })
  })
  return new OpfsFs(location, directory, pause)
}

export class OpfsFs implements FileSystem {
  readonly location: string
  readonly #directory: OpfsDirectory
  readonly #pause: (ms: number) => Promise<void>

  constructor(location: string, directory: OpfsDirectory, pause: (ms: number) => Promise<void>) {
    this.location = location
    this.#directory = directory
    this.#pause = pause
  }

  async list(): Promise<readonly string[]> {
    return this.#inDirectory('list the directory', async () => {
      const names: string[] = []
      for await (const name of this.#directory.keys()) names.push(name)
      return names.sort()
    })
  }

  async open(name: string, { create }: { readonly create: boolean }): Promise<StoreFile> {
    const path = `${this.location}/${name}`
    const file = await this.#fileHandle(name, create)
    const open = file.createSyncAccessHandle?.bind(file)
    if (open === undefined) throw unsupported(path, 'createSyncAccessHandle, which only dedicated workers have')
    const handle = await this.#whenUnlocked<SyncAccessHandle>(path, 'open', open)
    return fileOverHandle(name, path, handle)
  }

  /** There is nothing to call: the platform has no barrier for names. */
  async flushNames(): Promise<void> {}

  async remove(name: string): Promise<void> {
    await this.#whenUnlocked(`${this.location}/${name}`, 'remove', async () => {
      try {
        await this.#directory.removeEntry(name)
      } catch (error) {
        if (errorName(error) !== 'NotFoundError') throw error
      }
    })
  }

  async #fileHandle(name: string, create: boolean): Promise<OpfsFile> {
    return this.#inDirectory(`open ${name} in`, () => this.#directory.getFileHandle(name, { create }))
  }

  /** What is not found here is a file of the store, or its directory: the user has cleared the data of the site. */
  async #inDirectory<T>(verb: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (cause) {
      if (errorName(cause) !== 'NotFoundError') throw translate(this.location, verb, cause)
      throw new DatabaseError('STORE_LOST', `could not ${verb} ${this.location}: it is absent`, {
        cause,
        details: { path: this.location },
      })
    }
  }

  /** The handle of a page that is gone closes within moments; that of a page that lives or is frozen does not. */
  async #whenUnlocked<T>(path: string, verb: string, call: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await call()
      } catch (error) {
        if (errorName(error) !== 'NoModificationAllowedError') throw translate(path, verb, error)
        if (tries === limits.handleTriesMax) throw locked(path, tries, error)
        await this.#pause(Math.min(limits.handleRetryMs * 2 ** (tries - 1), limits.handleRetryMsMax))
      }
    }
  }
}

/** Undefined where the platform has none: no secure context, or an old browser. */
function platformRoot(): (() => Promise<OpfsDirectory>) | undefined {
  const platform: { readonly navigator?: { readonly storage?: Partial<StorageManager> } } = globalThis
  const storage = platform.navigator?.storage
  return storage?.getDirectory?.bind(storage)
}

async function attempt<T>(path: string, verb: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw translate(path, verb, error)
  }
}

const unsupported = (path: string, missing: string, cause?: unknown) =>
  new DatabaseError('NOT_SUPPORTED', `${path} cannot be opened: ${missing} is not available here`, {
    cause,
    details: { path, missing },
  })

const locked = (path: string, tries: number, cause: unknown) =>
  new DatabaseError('STORE_LOCKED', `${path} is open elsewhere, and still was at attempt ${tries}`, {
    cause,
    details: { path, tries },
    retryable: true,
  })
