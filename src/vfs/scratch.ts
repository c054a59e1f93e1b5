/**
 * Memory in the WASM heap for one request: the text of its SQL and of its parameters. Taken by moving a pointer, given back all at
 * once; what does not fit is allocated for itself. SQLite reads it in place, so it lives until the bindings are cleared.
 */
import { DatabaseError } from '../errors.ts'
import { KiB } from '../units.ts'
import { rc } from './constants.ts'
import type { SqliteModule } from './sqlite-module.ts'

const arenaBytes = 64 * KiB
const encoder = new TextEncoder()

/** Up to this many UTF-16 units, copying ASCII here is faster than a call of the encoder. */
const shortLength = 48

export class Scratch {
  readonly #module: SqliteModule
  readonly #arena: number
  readonly #large: number[] = []
  #used = 0
  /** Length in bytes of the text copied last. */
  textBytes = 0

  constructor(module: SqliteModule) {
    this.#module = module
    this.#arena = this.#allocate(arenaBytes)
  }

  /** Pointer to `bytes` bytes, never 0 and a multiple of 8. @throws SQL_ERROR when the heap cannot grow */
  take(bytes: number): number {
    const size = (bytes + 15) & ~7
    if (this.#used + size <= arenaBytes) {
      const pointer = this.#arena + this.#used
      this.#used += size
      return pointer
    }
    const pointer = this.#allocate(size)
    this.#large.push(pointer)
    return pointer
  }

  /** Copies text as UTF-8, zero-terminated; `textBytes` is then its length. Lone surrogates become U+FFFD. */
  text(value: string): number {
    const length = value.length
    if (length <= shortLength) {
      const pointer = this.take(length * 3 + 1)
      if (!this.#copyAscii(value, pointer)) this.#encode(value, pointer, length * 3)
      return pointer
    }
    if (length * 3 < arenaBytes) {
      const pointer = this.take(length * 3 + 1)
      this.#encode(value, pointer, length * 3)
      return pointer
    }
    return this.#longAscii(value) ?? this.#longText(value)
  }

  /** Long text is mostly ASCII: as long as its units, it is encoded where it will lie. Undefined for other text. */
  #longAscii(value: string): number | undefined {
    const pointer = this.#allocate(value.length + 1)
    if (this.#encode(value, pointer, value.length) < value.length) return void this.#module._sqlite3_free(pointer)
    this.#large.push(pointer)
    return pointer
  }

  #longText(value: string): number {
    const bytes = encoder.encode(value)
    const pointer = this.blob(bytes)
    this.#module.HEAPU8[pointer + bytes.length] = 0
    this.textBytes = bytes.length
    return pointer
  }

  /** Copies bytes; at least one more lies behind them. */
  blob(value: Uint8Array): number {
    const pointer = this.take(value.length + 1)
    this.#module.HEAPU8.set(value, pointer)
    return pointer
  }

  /** Everything taken is free again. */
  release(): void {
    this.#used = 0
    if (this.#large.length === 0) return
    for (const pointer of this.#large.splice(0)) this.#module._sqlite3_free(pointer)
  }

  #copyAscii(value: string, pointer: number): boolean {
    const heap = this.#module.HEAPU8
    for (let at = 0; at < value.length; at++) {
      const unit = value.charCodeAt(at)
      if (unit > 127) return false
      heap[pointer + at] = unit
    }
    heap[pointer + value.length] = 0
    this.textBytes = value.length
    return true
  }

  /** Returns how many UTF-16 units found room. */
  #encode(value: string, pointer: number, bytesMax: number): number {
    const heap = this.#module.HEAPU8
    const { read, written } = encoder.encodeInto(value, heap.subarray(pointer, pointer + bytesMax))
    heap[pointer + written] = 0
    this.textBytes = written
    return read
  }

  #allocate(bytes: number): number {
    const pointer = this.#module._sqlite3_malloc(bytes)
    if (pointer !== 0) return pointer
    throw new DatabaseError('SQL_ERROR', `no memory for ${bytes} bytes of parameters or SQL`, { sqliteCode: rc.NOMEM })
  }
}
