/**
 * The file system that one WASM instance sees: the database file, which is the View, and temporary files in memory.
 *
 *   commit           W… SYNC xSync COMMIT_PHASETWO        seals at COMMIT_PHASETWO
 *   VACUUM           W… SYNC xSync T COMMIT_PHASETWO
 *   rollback         T W… SYNC xSync                      when pages had been spilled; else nothing
 *   nothing changed  COMMIT_PHASETWO
 *
 * Obligations:
 * - What can fail has failed before COMMIT_PHASETWO: limits are checked at each write. That call only moves references and answers
 *   OK, because SQLite's own cache keeps the transaction whatever it is told there.
 * - Nothing here tells a rollback: the engine drops the overlay when a statement has ended outside a transaction.
 * - There is one database file, opened once. Journals, WAL files and every second file are refused.
 * - A handle of an instance that was given up reads and writes nothing.
 */
import { assert } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import type { View } from '../storage/view.ts'
import { blockNo } from '../units.ts'
import { fcntl, open, rc } from './constants.ts'
import type { SqliteModule } from './sqlite-module.ts'
import { TempFiles } from './temp-files.ts'
import type { VfsMethods } from './vfs-table.ts'

/** The name under which the connection opens the View. */
export const databaseFileName = '/database'

export interface DatabaseVfsOptions {
  readonly view: View
  readonly tempBytesMax: number
  /** A statement runs. PRAGMAs are then no request's: SQLite sends one as a hint with every write. */
  readonly isRunning: () => boolean
  /** @throws when SQLite's memory is not to be trusted any more */
  readonly checkStack: () => void
  /** Answers a PRAGMA with a value in place of SQLite; `name` is in lower case. Undefined: SQLite answers. */
  readonly answerPragma: (name: string, value: string | undefined) => PragmaAnswer | undefined
}

/** The one row to answer with, if there is one. */
export interface PragmaAnswer {
  readonly row: string | undefined
}

export class DatabaseVfs implements VfsMethods {
  readonly #module: SqliteModule
  readonly #view: View
  readonly #temp: TempFiles
  readonly #options: DatabaseVfsOptions
  readonly #partial: Uint8Array
  /** Handle of the open database file; 0 for none. */
  #main = 0
  #isRetired = false

  constructor(module: SqliteModule, options: DatabaseVfsOptions) {
    this.#module = module
    this.#view = options.view
    this.#temp = new TempFiles(options.tempBytesMax)
    this.#options = options
    this.#partial = new Uint8Array(options.view.blockSize)
  }

  /** Memory that temporary files hold, in bytes. */
  get tempBytes(): number {
    return this.#temp.bytes
  }

  /** The connection or its instance is given up: its handles fail from now on. A connection opened later gets a new handle. */
  retire(): void {
    this.#main = 0
    this.#isRetired = true
  }

  /** The next connection may open the database file. */
  admit(): void {
    assert(this.#main === 0, 'the database file is open once')
    this.#isRetired = false
  }

  readonly open = (name: string | undefined, file: number, flags: number): number => {
    if ((flags & open.MAIN_DB) !== 0) {
      if (name !== databaseFileName || this.#main !== 0 || this.#isRetired) throw secondFile(name)
      this.#main = file
      return rc.OK
    }
    const isTemporary = (flags & (open.TEMP_DB | open.TRANSIENT_DB | open.TEMP_JOURNAL | open.SUBJOURNAL)) !== 0
    if (!isTemporary)
      throw new DatabaseError('MISUSE', `the commit log is the journal; ${name ?? 'a file'} is not made`)
    this.#temp.open(file)
    return rc.OK
  }

  readonly close = (file: number): number => {
    if (file === this.#main) this.#main = 0
    else if (this.#temp.has(file)) this.#temp.close(file)
    return rc.OK
  }

  readonly read = (file: number, pointer: number, bytes: number, at: number): number => {
    const into = this.#module.HEAPU8.subarray(pointer, pointer + bytes)
    if (file !== this.#main) {
      if (!this.#temp.has(file)) return rc.IOERR_READ
      return this.#temp.read(file, into, at) === bytes ? rc.OK : rc.IOERR_SHORT_READ
    }
    const blockSize = this.#view.blockSize
    const block = Math.floor(at / blockSize)
    if (block >= this.#view.sizeBlocks) {
      into.fill(0)
      return rc.IOERR_SHORT_READ
    }
    if (bytes === blockSize && at % blockSize === 0) {
      this.#view.read(blockNo(block), into)
      return rc.OK
    }
    // Only the header is read in part, before the page size is known.
    const from = at - block * blockSize
    assert(from + bytes <= blockSize, 'a partial read lies within one block')
    this.#view.read(blockNo(block), this.#partial)
    into.set(this.#partial.subarray(from, from + bytes))
    return rc.OK
  }

  readonly write = (file: number, pointer: number, bytes: number, at: number): number => {
    const from = this.#module.HEAPU8.subarray(pointer, pointer + bytes)
    if (file !== this.#main) {
      if (!this.#temp.has(file)) return rc.IOERR_WRITE
      this.#temp.write(file, from, at)
      return rc.OK
    }
    const blockSize = this.#view.blockSize
    assert(bytes === blockSize, 'SQLite writes whole pages')
    assert(at % blockSize === 0, 'SQLite writes pages where they belong')
    this.#view.write(blockNo(at / blockSize), from)
    return rc.OK
  }

  readonly truncate = (file: number, size: number): number => {
    if (file !== this.#main) {
      if (!this.#temp.has(file)) return rc.IOERR_TRUNCATE
      this.#temp.truncate(file, size)
      return rc.OK
    }
    assert(size % this.#view.blockSize === 0, 'SQLite cuts between pages')
    this.#view.truncate(size / this.#view.blockSize)
    return rc.OK
  }

  readonly sync = (file: number): number => (file === this.#main || this.#temp.has(file) ? rc.OK : rc.IOERR_FSYNC)

  readonly fileSize = (file: number): number => {
    if (file === this.#main) return this.#view.sizeBlocks * this.#view.blockSize
    return this.#temp.has(file) ? this.#temp.size(file) : -1
  }

  readonly fileControl = (file: number, op: number, argument: number): number => {
    switch (op) {
      case fcntl.SYNC:
        this.#options.checkStack()
        return file === this.#main || this.#temp.has(file) ? rc.OK : rc.IOERR_FSYNC
      case fcntl.COMMIT_PHASETWO:
        if (file !== this.#main) return this.#temp.has(file) ? rc.OK : rc.IOERR
        this.#view.seal()
        return rc.OK
      case fcntl.PRAGMA:
        return file === this.#main && !this.#options.isRunning() ? this.#pragma(argument) : rc.NOTFOUND
      default:
        return rc.NOTFOUND
    }
  }

  /** `argument`: three pointers, to be filled with the answer, to the name, to the value. */
  #pragma(argument: number): number {
    const at = argument >> 2
    const module = this.#module
    const name = module.UTF8ToString(module.HEAP32[at + 1] ?? 0).toLowerCase()
    const valuePointer = module.HEAP32[at + 2] ?? 0
    const answer = this.#options.answerPragma(name, valuePointer === 0 ? undefined : module.UTF8ToString(valuePointer))
    if (answer === undefined) return rc.NOTFOUND
    if (answer.row === undefined) return rc.OK
    // SQLite frees the text, so it is allocated for each answer.
    const bytes = new TextEncoder().encode(answer.row)
    const pointer = module._sqlite3_malloc(bytes.length + 1)
    module.HEAPU8.set(bytes, pointer)
    module.HEAPU8[pointer + bytes.length] = 0
    module.HEAP32[at] = pointer
    return rc.OK
  }
}

const secondFile = (name: string | undefined) =>
  new DatabaseError('ATTACH_REFUSED', `a second database (${name ?? 'unnamed'}) cannot be attached; open it on its own`)
