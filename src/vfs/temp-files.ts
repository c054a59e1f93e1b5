/**
 * SQLite's temporary files (large sorts, the copy that VACUUM makes, statement journals), kept in memory outside the WASM heap,
 * where they are given back when closed. All together hold at most `bytesMax`.
 */
import { DatabaseError } from '../errors.ts'
import { KiB } from '../units.ts'

const chunkBytes = 64 * KiB

interface TempFile {
  readonly chunks: (Uint8Array | undefined)[]
  size: number
}

export class TempFiles {
  readonly #bytesMax: number
  readonly #files = new Map<number, TempFile>()
  #chunkCount = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.#chunkCount * chunkBytes
  }

  has(handle: number): boolean {
    return this.#files.has(handle)
  }

  open(handle: number): void {
    this.#files.set(handle, { chunks: [], size: 0 })
  }

  close(handle: number): void {
    this.truncate(handle, 0)
    this.#files.delete(handle)
  }

  size(handle: number): number {
    return this.#file(handle).size
  }

  /** Fills `into` from byte `at`, with zeros beyond the end; returns how many bytes there were. */
  read(handle: number, into: Uint8Array, at: number): number {
    const file = this.#file(handle)
    const present = Math.max(0, Math.min(into.length, file.size - at))
    into.fill(0, present)
    forEachPiece(at, present, (chunk, from, offset, length) => {
      const bytes = file.chunks[chunk]
      if (bytes === undefined) into.fill(0, offset, offset + length)
      else into.set(bytes.subarray(from, from + length), offset)
    })
    return present
  }

  /** @throws TRANSACTION_TOO_LARGE; part may be written */
  write(handle: number, bytes: Uint8Array, at: number): void {
    const file = this.#file(handle)
    forEachPiece(at, bytes.length, (chunk, from, offset, length) => {
      const target = file.chunks[chunk] ?? this.#addChunk(file, chunk)
      target.set(bytes.subarray(offset, offset + length), from)
    })
    file.size = Math.max(file.size, at + bytes.length)
  }

  truncate(handle: number, size: number): void {
    const file = this.#file(handle)
    file.size = size
    const kept = Math.ceil(size / chunkBytes)
    for (const chunk of file.chunks.splice(kept)) if (chunk !== undefined) this.#chunkCount--
    file.chunks[kept - 1]?.fill(0, size - (kept - 1) * chunkBytes)
  }

  #file(handle: number): TempFile {
    const file = this.#files.get(handle)
    if (file === undefined) throw new Error(`no temporary file has the handle ${handle}`)
    return file
  }

  #addChunk(file: TempFile, at: number): Uint8Array {
    if (this.bytes + chunkBytes > this.#bytesMax) {
      throw new DatabaseError('TRANSACTION_TOO_LARGE', `temporary files may hold ${this.#bytesMax} bytes together`, {
        details: { bytesMax: this.#bytesMax },
      })
    }
    const chunk = new Uint8Array(chunkBytes)
    file.chunks[at] = chunk
    this.#chunkCount++
    return chunk
  }
}

/** Cuts `length` bytes from file position `at` where chunks meet. */
function forEachPiece(
  at: number,
  length: number,
  visit: (chunk: number, from: number, offset: number, length: number) => void,
): void {
  for (let done = 0; done < length;) {
    const from = (at + done) % chunkBytes
    const piece = Math.min(chunkBytes - from, length - done)
    visit(Math.floor((at + done) / chunkBytes), from, done, piece)
    done += piece
  }
}
