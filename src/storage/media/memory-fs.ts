/**
 * Files in memory, for storage 'memory': they live as long as this object, so that a store that was closed can be opened again on
 * it. Nothing is ever lost here; the medium that loses is a test's.
 */
import { DatabaseError } from '../../errors.ts'
import type { FileSystem, StoreFile } from '../file-system.ts'

interface MemoryFile {
  /** Capacity; only the first `size` bytes are the file. */
  bytes: Uint8Array
  size: number
}

export class MemoryFs implements FileSystem {
  readonly location = 'memory'
  readonly #files = new Map<string, MemoryFile>()

  async list(): Promise<readonly string[]> {
    return [...this.#files.keys()]
  }

  async open(name: string, { create }: { readonly create: boolean }): Promise<StoreFile> {
    const known = this.#files.get(name)
    if (known !== undefined) return fileOver(name, known)
    if (!create) throw new DatabaseError('STORE_LOST', `memory: ${name} is absent`, { details: { file: name } })
    const made: MemoryFile = { bytes: new Uint8Array(0), size: 0 }
    this.#files.set(name, made)
    return fileOver(name, made)
  }

  async flushNames(): Promise<void> {}

  async remove(name: string): Promise<void> {
    this.#files.delete(name)
  }
}

const fileOver = (name: string, file: MemoryFile): StoreFile => ({
  name,
  size: () => file.size,
  read(into, at) {
    const count = Math.max(0, Math.min(into.length, file.size - at))
    into.set(file.bytes.subarray(at, at + count))
    return count
  },
  write(from, at) {
    resize(file, Math.max(file.size, at + from.length))
    file.bytes.set(from, at)
  },
  truncate: (size) => resize(file, size),
  flush: () => undefined,
  flushAsync: () => Promise.resolve(),
  close: () => undefined,
})

function resize(file: MemoryFile, size: number): void {
  if (size > file.bytes.length) {
    const grown = new Uint8Array(Math.max(size, file.bytes.length * 2))
    grown.set(file.bytes.subarray(0, file.size))
    file.bytes = grown
  }
  if (size < file.size) file.bytes.fill(0, size, file.size)
  file.size = size
}
