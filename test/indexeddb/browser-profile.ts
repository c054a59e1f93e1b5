/**
 * A browser as far as a place needs one: IndexedDB, Web Locks, and files of the origin private file system, without the handles that a
 * store on it needs. So a store lies on IndexedDB, and its witness in a file.
 */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { onTestFinished, vi } from 'vitest'
import { browserPlace, type BrowserPlaceOptions } from '../../src/effects/browser-places.ts'
import type { Place } from '../../src/effects/place.ts'
import type { Database, OpenOptions } from '../../src/index.ts'
import { openAt } from '../../src/open-at.ts'

export interface ProfileOptions {
  /** Default true. */
  readonly hasFiles?: boolean
}

export class BrowserProfile {
  readonly factory: IDBFactory = new IDBFactory()
  readonly name = 'test'
  readonly #held = new Set<string>()
  readonly #directory = new Directory()

  /** From here to the end of the test this is the browser. */
  constructor({ hasFiles = true }: ProfileOptions = {}) {
    const storage = hasFiles ? { getDirectory: async () => this.#directory } : {}
    vi.stubGlobal('indexedDB', this.factory)
    vi.stubGlobal('navigator', { locks: { request: this.#request }, storage })
    onTestFinished(() => void vi.unstubAllGlobals())
  }

  /** For one who is alone. */
  place(options: Partial<BrowserPlaceOptions> = {}): Place {
    const { shared: _, ...place } = browserPlace(this.name, { medium: 'indexeddb', whenLost: 'fail', ...options })
    return place
  }

  async open(options: Partial<BrowserPlaceOptions> = {}, more: OpenOptions = {}): Promise<Database> {
    const db = await openAt(this.place(options), this.name, more)
    onTestFinished(() => db.close().catch(() => undefined))
    return db
  }

  readonly #request = async (
    name: string,
    _: LockOptions,
    work: (lock: object | null) => unknown,
  ): Promise<unknown> => {
    if (this.#held.has(name)) return work(null)
    this.#held.add(name)
    try {
      return await work({ name })
    } finally {
      this.#held.delete(name)
    }
  }
}

class Directory {
  readonly #directories = new Map<string, Directory>()
  readonly #files = new Map<string, Blob>()

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<Directory> {
    if (create && !this.#directories.has(name)) this.#directories.set(name, new Directory())
    return there(this.#directories.get(name))
  }

  async getFileHandle(name: string, { create = false } = {}) {
    if (create && !this.#files.has(name)) this.#files.set(name, new Blob())
    there(this.#files.get(name))
    return {
      getFile: async () => there(this.#files.get(name)),
      createWritable: async () => {
        const parts: string[] = []
        return {
          write: async (part: string) => void parts.push(part),
          close: async () => void this.#files.set(name, new Blob(parts)),
        }
      },
    }
  }

  async removeEntry(name: string): Promise<void> {
    there(this.#files.get(name) ?? this.#directories.get(name))
    this.#files.delete(name)
    this.#directories.delete(name)
  }
}

function there<T>(entry: T | undefined): T {
  if (entry === undefined) throw new DOMException('could not be found', 'NotFoundError')
  return entry
}
