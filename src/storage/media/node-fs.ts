/**
 * Files of one directory through node:fs. Errors are DatabaseErrors that carry the system's error: ENOSPC and EDQUOT are
 * STORAGE_FULL, all others STORAGE_FAILED. The directory is made, durable in its parent, when the file system is opened; a file is
 * only made while the path still leads to the same directory.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { promisify } from 'node:util'
import { assert } from '../../assert.ts'
import { DatabaseError } from '../../errors.ts'
import type { FileSystem, StoreFile } from '../file-system.ts'

const fdatasync = promisify(fs.fdatasync)

/** Opens the directory, made with its parents when it is absent. @throws STORAGE_FULL, STORAGE_FAILED */
export function openNodeFs(directory: string): NodeFs {
  const location = path.resolve(directory)
  attempt(location, 'make the directory', () => makeDirectory(location))
  return new NodeFs(location)
}

export class NodeFs implements FileSystem {
  readonly location: string
  readonly #identity: string

  constructor(location: string) {
    this.location = location
    this.#identity = attempt(location, 'look at the directory', () => identityOf(location))
  }

  async list(): Promise<readonly string[]> {
    return attempt(this.location, 'list the directory', () => fs.readdirSync(this.location).sort())
  }

  async open(name: string, { create }: { readonly create: boolean }): Promise<StoreFile> {
    const file = path.join(this.location, name)
    this.#assertSameDirectory()
    const isThere = attempt(file, 'look for', () => fs.existsSync(file))
    if (!isThere && !create) {
      throw new DatabaseError('STORE_LOST', `${file} is absent`, { details: { path: file } })
    }
    const flags = fs.constants.O_RDWR | (isThere ? 0 : fs.constants.O_CREAT | fs.constants.O_EXCL)
    return openFile(
      name,
      file,
      attempt(file, 'open', () => fs.openSync(file, flags, 0o644)),
    )
  }

  async flushNames(): Promise<void> {
    this.#assertSameDirectory()
    attempt(this.location, 'flush the names in', () => flushDirectory(this.location))
  }

  async remove(name: string): Promise<void> {
    const file = path.join(this.location, name)
    this.#assertSameDirectory()
    attempt(file, 'remove', () => fs.rmSync(file, { force: true }))
  }

  /** @throws STORE_LOST if the directory was moved, or another one has its name: a new file would land in another database */
  #assertSameDirectory(): void {
    const isSame = attempt(
      this.location,
      'look at the directory',
      () => fs.existsSync(this.location) && identityOf(this.location) === this.#identity,
    )
    if (isSame) return
    throw new DatabaseError('STORE_LOST', `${this.location} is not the directory that was opened`, {
      details: { path: this.location },
    })
  }
}

/** A descriptor is closed only when no barrier runs on it: its number may be another file's a moment later. */
function openFile(name: string, file: string, fd: number): StoreFile {
  let isOpen = true
  let barriers = 0
  const closeIfUnused = () => {
    if (!isOpen && barriers === 0) attempt(file, 'close', () => fs.closeSync(fd))
  }
  const use = <T>(verb: string, call: () => T): T => {
    assert(isOpen, `${name} is not used after its close`)
    return attempt(file, verb, call)
  }
  return {
    name,
    size: () => use('measure', () => fs.fstatSync(fd).size),
    read: (into, at) => use('read', () => readAll(fd, into, at)),
    write: (from, at) => use('write', () => writeAll(fd, from, at)),
    truncate: (size) => use('truncate', () => fs.ftruncateSync(fd, size)),
    flush: () => use('flush', () => fs.fdatasyncSync(fd)),
    async flushAsync() {
      assert(isOpen, `${name} is not used after its close`)
      barriers++
      try {
        await fdatasync(fd)
      } catch (error) {
        throw translate(file, 'flush', error)
      } finally {
        barriers--
        closeIfUnused()
      }
    },
    close() {
      if (!isOpen) return
      isOpen = false
      closeIfUnused()
    },
  }
}

function readAll(fd: number, into: Uint8Array, at: number): number {
  let done = 0
  while (done < into.length) {
    const count = fs.readSync(fd, into, done, into.length - done, at + done)
    if (count === 0) break
    done += count
  }
  return done
}

/** The system may take less than it is given; a call that takes nothing is an error, not a reason to ask for ever. */
function writeAll(fd: number, from: Uint8Array, at: number): void {
  for (let done = 0; done < from.length;) {
    const count = fs.writeSync(fd, from, done, from.length - done, at + done)
    if (count === 0) throw Object.assign(new Error('the system wrote nothing'), { code: 'EIO' })
    done += count
  }
}

/** Each directory that is made is flushed in its parent, the outermost first. */
function makeDirectory(directory: string): void {
  if (fs.existsSync(directory)) return
  const parent = path.dirname(directory)
  makeDirectory(parent)
  fs.mkdirSync(directory, { recursive: true })
  flushDirectory(parent)
}

/** Windows cannot open a directory for this, and makes names durable with their files. */
function flushDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const fd = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

function identityOf(directory: string): string {
  const { dev, ino } = fs.statSync(directory, { bigint: true })
  return `${dev}:${ino}`
}

function attempt<T>(file: string, verb: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw translate(file, verb, error)
  }
}

function translate(file: string, verb: string, cause: unknown): DatabaseError {
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  const details = { path: file, errno }
  const isFull = errno === 'ENOSPC' || errno === 'EDQUOT'
  // A barrier that says so has lost what was written before it: that is no refusal.
  if (isFull && verb !== 'flush') {
    return new DatabaseError('STORAGE_FULL', `could not ${verb} ${file}: no space left`, {
      cause,
      details,
      retryable: true,
    })
  }
  return new DatabaseError('STORAGE_FAILED', `could not ${verb} ${file}: ${errno}`, { cause, details })
}
