/**
 * The block home: `database.sqlite`, block n at n × block size. After a clean close it is a plain SQLite file.
 *
 * From the first fold of a reign until the close bytes 18 and 19 are 255, so that another SQLite says NOTADB instead of reading a
 * torn mix. What stands there in truth is kept in the header; every read of block 0 puts it back.
 */
import { type BlockNo, blockNo } from '../units.ts'
import { isEqual } from './bytes.ts'
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
  /** A change of the file failed: how long it is, the medium knows. */
  #isLengthUnsure = false
  /** It was cut, and no barrier has followed that this class has seen. */
  #isCutPending = false

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

  /** Block 0 is given up: nothing stands in its bytes 18 and 19 any more. */
  giveUpFirst(): void {
    this.#guarded = [0, 0]
  }

  /** Grows with zeros; never cuts. Returns the bytes added. */
  growTo(sizeBlocks: number): number {
    this.#measure()
    const missing = sizeBlocks * this.blockSize - this.#bytes
    if (missing > 0) this.#resize(sizeBlocks)
    return Math.max(missing, 0)
  }

  /** Cuts what lies behind the database. Only once a durable header says that it ends there. Returns the bytes cut. */
  cutTo(sizeBlocks: number): number {
    this.#measure()
    const excess = this.#bytes - sizeBlocks * this.blockSize
    if (excess <= 0) return 0
    this.#isCutPending = true
    this.#resize(sizeBlocks)
    return excess
  }

  /** The file was changed by another SQLite: what stands in it now is true. */
  adoptGuarded(): void {
    const [write = 0, read = 0] = guardBytesOf(this.file)
    this.#guarded = [write, read]
  }

  /**
   * The last step of a clean close: from here any SQLite opens the file. The medium is asked what stands there, because a write of the
   * two bytes may have failed after the first.
   */
  async unguard(): Promise<void> {
    const isPlain = this.#bytes < this.blockSize || isEqual(guardBytesOf(this.file), Uint8Array.from(this.#guarded))
    if (isPlain && !this.#isGuarded && !this.#isCutPending) return
    if (!isPlain) this.file.write(Uint8Array.from(this.#guarded), GUARD_AT)
    await this.file.flushAsync()
    this.#isGuarded = false
    this.#isCutPending = false
  }

  #write(at: BlockNo, bytes: Uint8Array): void {
    this.#change(() => this.file.write(bytes, at * this.blockSize))
    this.#bytes = Math.max(this.#bytes, (at + 1) * this.blockSize)
  }

  #resize(sizeBlocks: number): void {
    this.#change(() => this.file.truncate(sizeBlocks * this.blockSize))
    this.#bytes = sizeBlocks * this.blockSize
  }

  #change(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#isLengthUnsure = true
      throw error
    }
  }

  #measure(): void {
    if (!this.#isLengthUnsure) return
    this.#bytes = this.file.size()
    this.#isLengthUnsure = false
  }
}

/** Whether a reign that folded something has left its mark. */
export const hasGuard = (file: StoreFile): boolean => isEqual(guardBytesOf(file), Uint8Array.of(GUARD, GUARD))

/** Fewer than two where the file ends before. */
function guardBytesOf(file: StoreFile): Uint8Array {
  const bytes = new Uint8Array(2)
  return bytes.subarray(0, file.read(bytes, GUARD_AT))
}
