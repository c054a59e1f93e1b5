/** JavaScript values to SQLite's and back. Nothing that SQLite cannot keep is turned into something else silently. */
import { DatabaseError } from '../errors.ts'
import type { SqlValue } from '../sql.ts'
import { type } from './constants.ts'
import type { Scratch } from './scratch.ts'
import type { SqliteModule } from './sqlite-module.ts'

/** The bytes stay where they are until the bindings are cleared. */
const STATIC = 0
const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n
const word = 2 ** 32

/** Binds the parameter at `index` (from 1) and returns SQLite's result code. `label` names it in an error. @throws INVALID_PARAMETER */
export function bindValue(
  module: SqliteModule,
  scratch: Scratch,
  at: { readonly stmt: number; readonly index: number },
  value: unknown,
  label: (index: number) => string,
): number {
  const { stmt, index } = at
  switch (typeof value) {
    case 'number':
      if (Number.isSafeInteger(value)) return bindInteger(module, stmt, index, value)
      if (Number.isNaN(value)) throw invalid(label(index), 'NaN, which SQLite would store as NULL; pass null')
      return module._sqlite3_bind_double(stmt, index, value)
    case 'string':
      return module._sqlite3_bind_text(stmt, index, scratch.text(value), scratch.textBytes, STATIC)
    case 'boolean':
      return module._sqlite3_bind_int(stmt, index, value ? 1 : 0)
    case 'bigint':
      if (value < int64Min || value > int64Max) throw invalid(label(index), 'a bigint beyond 64 bits; pass it as text')
      return module._sqlite3_bind_int64(stmt, index, Number(BigInt.asIntN(32, value)), Number(value >> 32n))
    case 'object':
      if (value === null) return module._sqlite3_bind_null(stmt, index)
      if (value instanceof Uint8Array) {
        return module._sqlite3_bind_blob(stmt, index, scratch.blob(value), value.length, STATIC)
      }
      throw invalid(label(index), describeObject(value))
    case 'undefined':
      throw invalid(label(index), 'undefined; pass null for NULL')
    case 'function':
    case 'symbol':
      throw invalid(label(index), `a ${typeof value}, which cannot be stored`)
  }
}

/** Binds a whole number up to ±(2^53 − 1). */
export function bindInteger(module: SqliteModule, stmt: number, index: number, value: number): number {
  if (value === (value | 0)) return module._sqlite3_bind_int(stmt, index, value)
  return module._sqlite3_bind_int64(stmt, index, value | 0, Math.floor(value / word))
}

/** Value of a column of the current row; blobs are copies. */
export function columnValue(module: SqliteModule, stmt: number, column: number): SqlValue {
  switch (module._sqlite3_column_type(stmt, column)) {
    case type.INTEGER:
      return integer(module._sqlite3_column_int64(stmt, column), module.getTempRet0())
    case type.FLOAT:
      return module._sqlite3_column_double(stmt, column)
    case type.TEXT: {
      // The text is asked for before its length, which that conversion decides.
      const pointer = module._sqlite3_column_text(stmt, column)
      return decodeText(module, pointer, module._sqlite3_column_bytes(stmt, column))
    }
    case type.BLOB: {
      const pointer = module._sqlite3_column_blob(stmt, column)
      return module.HEAPU8.slice(pointer, pointer + module._sqlite3_column_bytes(stmt, column))
    }
    default:
      return null
  }
}

/** A 64-bit integer from its halves: a number up to ±(2^53 − 1), a bigint beyond. */
export function integer(low: number, high: number): number | bigint {
  const value = high * word + (low >>> 0)
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0)
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Up to this many bytes, decoding ASCII here is faster than a call of the decoder. */
const shortBytes = 24

function decodeText(module: SqliteModule, pointer: number, bytes: number): string {
  const heap = module.HEAPU8
  const end = pointer + bytes
  if (bytes <= shortBytes) {
    let text = ''
    let at = pointer
    for (; at < end; at++) {
      const byte = heap[at] ?? 0
      if (byte > 127) break
      text += String.fromCharCode(byte)
    }
    if (at === end) return text
  }
  return decoder.decode(heap.subarray(pointer, end))
}

function describeObject(value: object): string {
  if (value instanceof Date) return 'a Date; pass date.getTime() or date.toISOString()'
  if (value instanceof ArrayBuffer) return 'an ArrayBuffer; pass new Uint8Array(buffer)'
  if (ArrayBuffer.isView(value))
    return 'a typed array other than Uint8Array; pass new Uint8Array(view.buffer, view.byteOffset, view.byteLength)'
  return Array.isArray(value)
    ? 'an array; pass JSON.stringify(array), or one parameter per element'
    : 'an object; pass JSON.stringify(object)'
}

const invalid = (label: string, what: string) =>
  new DatabaseError('INVALID_PARAMETER', `parameter ${label} is ${what}`, { details: { parameter: label } })
