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
import { DatabaseError, isDatabaseError } from '../../errors.ts'
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
  const place = placeOf(root, name)
  const directory = await attempt(location, 'make the directory', () => place.make())
  return new OpfsFs({ location, place, directory, pause })
}

interface OpfsPlace {
  make(): Promise<OpfsDirectory>
  isThere(): Promise<boolean>
  /** With all that is in it. */
  remove(): Promise<void>
}

const placeOf = (root: OpfsDirectory, name: string): OpfsPlace => {
  const all = () => root.getDirectoryHandle('datasync', { create: true })
  return {
    make: async () => (await all()).getDirectoryHandle(name, { create: true }),
    async isThere() {
      const directories = await root.getDirectoryHandle('datasync', { create: false }).catch(absent)
      return (await directories?.getDirectoryHandle(name, { create: false }).catch(absent)) !== undefined
    },
    remove: async () => (await all()).removeEntry(name, { recursive: true }),
  }
}

/** Whether it was done: somebody who still clears may take away what it needs. */
async function unlessCleared(step: () => Promise<void>): Promise<boolean> {
  try {
    await step()
    return true
  } catch (error) {
    if (error instanceof DOMException) return false
    throw error
  }
}

function absent(error: unknown): undefined {
  if (errorName(error) !== 'NotFoundError') throw error
}

interface OpfsParts {
  readonly location: string
  readonly place: OpfsPlace
  readonly directory: OpfsDirectory
  readonly pause: (ms: number) => Promise<void>
}

export class OpfsFs implements FileSystem {
  readonly location: string
  readonly #place: OpfsPlace
  readonly #directory: OpfsDirectory
  readonly #pause: (ms: number) => Promise<void>
  readonly #open = new Map<string, SyncAccessHandle>()
  #lost: DatabaseError | undefined
  #lettingGo: Promise<void> | undefined

  constructor({ location, place, directory, pause }: OpfsParts) {
    this.location = location
    this.#place = place
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
    this.#open.set(name, handle)
    return fileOverHandle(name, handle, { path, lost: () => this.#lost, onClosed: () => this.#open.delete(name) })
  }

  /**
   * Handles work on when their files were cleared, and say nothing. So it is looked whether the file of this name is there. If it is
   * not, every file that was opened here refuses from then on, and all handles are let go.
   * @throws STORE_LOST; STORAGE_FAILED: it cannot be seen
   */
  async assertThere(name: string): Promise<void> {
    try {
      await this.#fileHandle(name, false)
    } catch (error) {
      if (!isDatabaseError(error, 'STORE_LOST')) throw error
      this.#lost ??= error
    }
    // One that looks meanwhile finds what is made to let go.
    if (this.#lost === undefined) return
    await (this.#lettingGo ??= this.#letGo())
    throw this.#lost
  }

  /** Resolves when no handle of files that are gone is held any more, as far as that can be had. */
  async released(): Promise<void> {
    await this.#lettingGo
  }

  /**
   * Chromium does not return from closing the handle of a file that is gone, and keeps its name locked when the worker has ended. If a
   * file of that name is there again it does both. Whoever clears has to be done with it first. What cannot be let go so is left to the
   * end of the browser.
   */
  async #letGo(): Promise<void> {
    const again = async (step: () => Promise<boolean>) => {
      for (let tries = 1; tries < limits.handleTriesMax && !(await step()); tries++) await this.#pause(retryMs(tries))
    }
    await again(async () => !(await this.#place.isThere()))
    await again(() => unlessCleared(() => this.#closeAll()))
    await again(async () => (await unlessCleared(() => this.#place.remove())) && !(await this.#place.isThere()))
  }

  async #closeAll(): Promise<void> {
    const directory = await this.#place.make()
    for (const name of this.#open.keys()) await directory.getFileHandle(name, { create: true })
    for (const handle of this.#open.values()) handle.close()
    this.#open.clear()
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
        await this.#pause(retryMs(tries))
      }
    }
  }
}

const retryMs = (tries: number) => Math.min(limits.handleRetryMs * 2 ** (tries - 1), limits.handleRetryMsMax)

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
