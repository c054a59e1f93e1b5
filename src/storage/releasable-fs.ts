/**
 * A file system whose files can all be let go at once, whoever has them and whatever is being done: from then on nothing more reaches the
 * medium through it. A file whose opening was under way is closed when it arrives; what runs ends with DATABASE_CLOSED at its next call.
 */
import { DatabaseError } from '../errors.ts'
import type { FileSystem, StoreFile } from './file-system.ts'

export class ReleasableFs implements FileSystem {
  readonly location: string
  readonly #fs: FileSystem
  readonly #open = new Set<StoreFile>()
  #isReleased = false

  constructor(fs: FileSystem) {
    this.#fs = fs
    this.location = fs.location
  }

  /** Closes every file that is open. Does nothing the second time. */
  release(): void {
    this.#isReleased = true
    for (const file of this.#open) file.close()
  }

  async list(): Promise<readonly string[]> {
    this.assertHeld()
    return this.#fs.list()
  }

  async open(name: string, options: { readonly create: boolean }): Promise<StoreFile> {
    this.assertHeld()
    const file = await this.#fs.open(name, options)
    if (!this.#isReleased) return this.#held(file)
    file.close()
    throw released()
  }

  async flushNames(): Promise<void> {
    this.assertHeld()
    await this.#fs.flushNames()
  }

  async remove(name: string): Promise<void> {
    this.assertHeld()
    await this.#fs.remove(name)
  }

  /** Work that is cut short by a release ends with DATABASE_CLOSED, whatever it has made of a call that was refused. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      this.assertHeld()
      return result
    } catch (cause) {
      throw this.#isReleased ? released(cause) : cause
    }
  }

  /** @throws DATABASE_CLOSED once it was released */
  assertHeld(): void {
    if (this.#isReleased) throw released()
  }

  #held(file: StoreFile): StoreFile {
    let isOpen = true
    const assertOpen = () => {
      if (!isOpen) throw released()
    }
    const held: StoreFile = {
      name: file.name,
      size() {
        assertOpen()
        return file.size()
      },
      read(into, at) {
        assertOpen()
        return file.read(into, at)
      },
      write(from, at) {
        assertOpen()
        file.write(from, at)
      },
      truncate(size) {
        assertOpen()
        file.truncate(size)
      },
      flush() {
        assertOpen()
        file.flush()
      },
      flushAsync: () => (isOpen ? file.flushAsync() : Promise.reject(released())),
      close: () => {
        if (!isOpen) return
        isOpen = false
        this.#open.delete(held)
        file.close()
      },
    }
    this.#open.add(held)
    return held
  }
}

const released = (cause?: unknown) =>
  new DatabaseError('DATABASE_CLOSED', 'the files of the store were let go', { cause })
