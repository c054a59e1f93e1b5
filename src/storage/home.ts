/**
 * The block home: `database.sqlite`, block n at n × block size. After a clean close it is a plain SQLite file.
 *
 * From the first fold of a reign until the close bytes 18 and 19 are 255, so that another SQLite says NOTADB instead of reading a
 * torn mix. What stands there in truth is kept in the header; every read of block 0 puts it back.
 */
import { type BlockNo, blockNo } from '../units.ts'
import type { StoreFile } from './file-system.ts'

const GUARD_AT = 18
const GUARD = 255

export interface HomeOptions {
  readonly blockSize: number
  /** Bytes 18 and 19 of block 0 as the database has them. */
  readonly guarded: readonly [number, number]
}

export class Home {
  readonly file: StoreFile
  readonly blockSize: number
  readonly #zeros: Uint8Array
  #guarded: readonly [number, number]
  #isGuarded: boolean
  /** Of the file; asked for at each commit, so not of the medium. */
  #bytes: number

  constructor(file: StoreFile, { blockSize, guarded }: HomeOptions) {
    this.file = file
    this.blockSize = blockSize
    this.#zeros = new Uint8Array(blockSize)
    this.#guarded = guarded
    this.#isGuarded = hasGuard(file)
    this.#bytes = file.size()
  }

  get guarded(): readonly [number, number] {
    return this.#guarded
  }

  get isGuarded(): boolean {
    return this.#isGuarded
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Fills `into` with what the file has there, zeros behind its end; returns whether all of it was there. */
  read(at: BlockNo, into: Uint8Array): boolean {
    const count = this.file.read(into, at * this.blockSize)
    if (count < into.length) into.fill(0, count)
    if (at === 0) into.set(this.#guarded, GUARD_AT)
    return count === into.length
  }

  /** Durable before any block is written. A home without a whole block 0 is no SQLite file anyway. */
  async guard(): Promise<void> {
    if (this.#isGuarded || this.#bytes < this.blockSize) return
    this.file.write(Uint8Array.of(GUARD, GUARD), GUARD_AT)
    await this.file.flushAsync()
    this.#isGuarded = true
  }

  write(at: BlockNo, image: Uint8Array): void {
    if (at !== 0) return this.#write(at, image)
    const masked = image.slice()
    masked.fill(GUARD, GUARD_AT, GUARD_AT + 2)
    this.#write(at, masked)
    this.#guarded = [image[GUARD_AT] ?? 0, image[GUARD_AT + 1] ?? 0]
    this.#isGuarded = true
  }

  writeZeros(at: BlockNo): void {
    if (at === 0) return this.write(blockNo(0), this.#zeros)
    if (at * this.blockSize < this.#bytes) this.#write(at, this.#zeros)
  }

  /** Grows with zeros; never cuts. Returns the bytes added. */
  growTo(sizeBlocks: number): number {
    const missing = sizeBlocks * this.blockSize - this.#bytes
    if (missing > 0) this.#resize(sizeBlocks)
    return Math.max(missing, 0)
  }

  /** Cuts what lies behind the database. Only once a durable header says that it ends there. Returns the bytes cut. */
  cutTo(sizeBlocks: number): number {
    const excess = this.#bytes - sizeBlocks * this.blockSize
    if (excess > 0) this.#resize(sizeBlocks)
    return Math.max(excess, 0)
  }

  /** The file was changed by another SQLite: what stands in it now is true. */
  adoptGuarded(): void {
    const bytes = new Uint8Array(2)
    this.file.read(bytes, GUARD_AT)
    this.#guarded = [bytes[0] ?? 0, bytes[1] ?? 0]
  }

  /** The last step of a clean close: from here any SQLite opens the file. */
  async unguard(): Promise<void> {
    if (!this.#isGuarded) return
    if (this.#bytes >= this.blockSize) this.file.write(Uint8Array.from(this.#guarded), GUARD_AT)
    await this.file.flushAsync()
    this.#isGuarded = false
  }

  #write(at: BlockNo, bytes: Uint8Array): void {
    this.file.write(bytes, at * this.blockSize)
    this.#bytes = Math.max(this.#bytes, (at + 1) * this.blockSize)
  }

  #resize(sizeBlocks: number): void {
    this.file.truncate(sizeBlocks * this.blockSize)
    this.#bytes = sizeBlocks * this.blockSize
  }
}

/** Whether a reign that folded something has left its mark. */
export function hasGuard(file: StoreFile): boolean {
  const bytes = new Uint8Array(2)
  return file.read(bytes, GUARD_AT) === 2 && bytes[0] === GUARD && bytes[1] === GUARD
}
