/**
 * Registers a VFS in an instance through wa-sqlite's adapter. The adapter names the method of each call by a pointer to its name, and
 * decodes that name at every call unless the receiver is one function; so it is one function, which knows the pointers.
 *
 * No callback throws: an exception that passes through C leaves SQLite in the middle of a transaction it believes in.
 * Each one is caught here, told to `onThrow`, and answered with the method's error code, or FULL where a limit was reached.
 */
import { assert } from '../assert.ts'
import { isDatabaseError } from '../errors.ts'
import { rc } from './constants.ts'
import type { SqliteModule } from './sqlite-module.ts'

/** Pointers are offsets into the module's memory; `file` is the handle that SQLite owns. Offsets and sizes are in bytes. */
export interface VfsMethods {
  open(name: string | undefined, file: number, flags: number): number
  close(file: number): number
  read(file: number, pointer: number, bytes: number, at: number): number
  write(file: number, pointer: number, bytes: number, at: number): number
  truncate(file: number, size: number): number
  sync(file: number): number
  /** −1 if the handle is of no use any more. */
  fileSize(file: number): number
  fileControl(file: number, op: number, argument: number): number
}

/** As the adapter numbers them; the others (randomness, sleep, time) stay with the platform's own VFS. */
const methodNumbers: ReadonlyMap<string, number> = new Map([
  ['xOpen', 0],
  ['xDelete', 1],
  ['xAccess', 2],
  ['xFullPathname', 3],
  ['xClose', 9],
  ['xRead', 10],
  ['xWrite', 11],
  ['xTruncate', 12],
  ['xSync', 13],
  ['xFileSize', 14],
  ['xLock', 15],
  ['xUnlock', 16],
  ['xCheckReservedLock', 17],
  ['xFileControl', 18],
  ['xSectorSize', 19],
  ['xDeviceCharacteristics', 20],
])

const nameBytesMax = 512
const sectorBytes = 4096

type Method = (a: number, b: number, c: number, d: number, e: number) => number

/** The VFS stays registered for the instance's life. Returns the pointer to its name. */
export function registerVfs(
  module: SqliteModule,
  name: string,
  methods: VfsMethods,
  onThrow: (error: unknown) => void,
): number {
  const namePointer = cString(module, name)
  const out = module._sqlite3_malloc(4)
  const mask = [...methodNumbers.values()].reduce((bits, method) => bits | (1 << method), 0)
  const code = module._libvfs_vfs_register(namePointer, nameBytesMax, mask, 0, 0, out)
  assert(code === rc.OK, 'a VFS can be registered')
  const byName = methodsByName(module, methods)
  const byPointer = new Map<number, readonly [Method, number]>()
  const find = (pointer: number): readonly [Method, number] => {
    const found = byName.get(module.UTF8ToString(pointer))
    assert(found !== undefined, 'only methods of the mask are called')
    byPointer.set(pointer, found)
    return found
  }
  module.setCallback(module.HEAP32[out >> 2] ?? 0, (pointer, a, b, c, d, e) => {
    const [method, failure] = byPointer.get(pointer) ?? find(pointer)
    try {
      return method(a, b, c, d, e)
    } catch (error) {
      onThrow(error)
      return isDatabaseError(error, 'TRANSACTION_TOO_LARGE') ? rc.FULL : failure
    }
  })
  module._sqlite3_free(out)
  return namePointer
}

/** Each method, and what it answers when it has thrown. 64-bit arguments come as two halves. */
function methodsByName(module: SqliteModule, methods: VfsMethods): ReadonlyMap<string, readonly [Method, number]> {
  const ok: Method = () => rc.OK
  return new Map<string, readonly [Method, number]>([
    ['xOpen', [(_, name, file, flags, out) => openFile(module, methods, { name, file, flags, out }), rc.CANTOPEN]],
    ['xDelete', [ok, rc.OK]],
    ['xAccess', [(_, _name, _flags, out) => setWord(module, out, 0), rc.IOERR]],
    ['xFullPathname', [(_, from, bytesMax, to) => copyName(module, { from, bytesMax, to }), rc.CANTOPEN]],
    ['xClose', [(file) => methods.close(file), rc.IOERR]],
    ['xRead', [(file, to, bytes, low, high) => methods.read(file, to, bytes, wide(low, high)), rc.IOERR_READ]],
    ['xWrite', [(file, from, bytes, low, high) => methods.write(file, from, bytes, wide(low, high)), rc.IOERR_WRITE]],
    ['xTruncate', [(file, low, high) => methods.truncate(file, wide(low, high)), rc.IOERR_TRUNCATE]],
    ['xSync', [(file) => methods.sync(file), rc.IOERR_FSYNC]],
    ['xFileSize', [(file, out) => setSize(module, out, methods.fileSize(file)), rc.IOERR_FSTAT]],
    // There is one connection: every lock is free.
    ['xLock', [ok, rc.OK]],
    ['xUnlock', [ok, rc.OK]],
    ['xCheckReservedLock', [(_, out) => setWord(module, out, 0), rc.IOERR]],
    ['xFileControl', [(file, op, argument) => methods.fileControl(file, op, argument), rc.IOERR]],
    ['xSectorSize', [() => sectorBytes, sectorBytes]],
    // None; in particular no atomic batches, which would bypass the journal.
    ['xDeviceCharacteristics', [() => 0, 0]],
  ])
}

const wide = (low: number, high: number): number => high * 2 ** 32 + (low >>> 0)

function openFile(
  module: SqliteModule,
  methods: VfsMethods,
  { name, file, flags, out }: { name: number; file: number; flags: number; out: number },
): number {
  const code = methods.open(name === 0 ? undefined : module.UTF8ToString(name), file, flags)
  if (code === rc.OK && out !== 0) setWord(module, out, flags)
  return code
}

function copyName(
  module: SqliteModule,
  { from, bytesMax, to }: { from: number; bytesMax: number; to: number },
): number {
  const end = module.HEAPU8.indexOf(0, from)
  if (end - from >= bytesMax) return rc.CANTOPEN
  module.HEAPU8.copyWithin(to, from, end + 1)
  return rc.OK
}

function setWord(module: SqliteModule, pointer: number, value: number): number {
  module.HEAP32[pointer >> 2] = value
  return rc.OK
}

function setSize(module: SqliteModule, pointer: number, size: number): number {
  if (size < 0) return rc.IOERR_FSTAT
  setWord(module, pointer, size | 0)
  return setWord(module, pointer + 4, Math.floor(size / 2 ** 32))
}

/** A zero-terminated copy of `text`, to be freed by the caller. */
export function cString(module: SqliteModule, text: string): number {
  const bytes = new TextEncoder().encode(text)
  const pointer = module._sqlite3_malloc(bytes.length + 1)
  module.HEAPU8.set(bytes, pointer)
  module.HEAPU8[pointer + bytes.length] = 0
  return pointer
}
