/**
 * The header file of one reign:
 *
 *   slot A   n ────────────────────────▶ n + 2 (after its barrier: n + 2 in both)
 *   slot B   n + 1 │ barrier │ copied to A
 *
 * The slot that is durable is never written. A header whose barrier failed is taken back; what it would have vouched for, and what the
 * one before vouches for, stays as it is until one of them is known to stand.
 */
import { DatabaseError, isDatabaseError } from '../errors.ts'
import type { Epoch } from '../units.ts'
import { getU64, viewOf } from './bytes.ts'
import type { StoreFile } from './file-system.ts'
import { SECTOR_BYTES } from './format.ts'
import { encodeHeader, type Header, HEADER_FILE_BYTES, readHeader } from './header.ts'

/** Writes headers of one reign and notices when somebody else has. */
export class HeaderFile {
  readonly #file: StoreFile
  readonly #slot = new Uint8Array(SECTOR_BYTES)
  readonly #seen = new Uint8Array(HEADER_FILE_BYTES)
  readonly #seenView = viewOf(this.#seen)
  #current: Header
  #nextSlot: 0 | 1
  /** A barrier failed: the header that it was for may be on the medium. */
  #isUnsure = false
  /** The other slot holds an older header, because the copy could not be written. */
  #isCopyOwed = false

  /** `current` is the valid header, in slot `at`; the next one goes into the other. */
  constructor(file: StoreFile, current: Header, at: 0 | 1) {
    this.#file = file
    this.#current = current
    this.#nextSlot = at === 0 ? 1 : 0
  }

  get current(): Header {
    return this.#current
  }

  /** No slot holds an older header: what only that one vouches for may go. */
  get isCopied(): boolean {
    return !this.#isCopyOwed
  }

  /**
   * Makes durable what was found: it may be in the system's memory only, and writing the one slot could then cost both. Slots that
   * differ were left by a writer that died before it had made them equal, perhaps after a barrier that failed: its bytes would then
   * be taken for written, so they are written again. Until they are durable the older slot is, and all that it vouches for.
   */
  async settle(): Promise<void> {
    const { slots } = readHeader(this.#file)
    const other = slots[this.#nextSlot]
    if (other.kind === 'sound' && other.value.headerSeq !== this.#current.headerSeq) {
      const own = this.#nextSlot === 0 ? 1 : 0
      encodeHeader(this.#current, this.#slot)
      this.#file.write(this.#slot, own * SECTOR_BYTES)
    }
    await this.#file.flushAsync()
  }

  /**
   * Durable when it resolves. The other slot follows without a barrier of its own, and is the one that the next header is written
   * to: whatever becomes of it, the slot that is durable is not touched.
   * @throws STORAGE_FAILED, STORAGE_FULL: the header on the medium is the one before or this one; the same call may be repeated
   */
  async write(change: Partial<Header>): Promise<void> {
    const header = { ...this.#current, ...change, headerSeq: this.#current.headerSeq + 1 }
    encodeHeader(header, this.#slot)
    this.#isUnsure = true
    try {
      this.#file.write(this.#slot, this.#nextSlot * SECTOR_BYTES)
      await this.#file.flushAsync()
    } catch (error) {
      // The system may take the slot for clean: written again it is dirty, and no reader finds a header that is not durable.
      encodeHeader(this.#current, this.#slot)
      this.#copy()
      throw error
    }
    this.#isUnsure = false
    this.#current = header
    this.#nextSlot = this.#nextSlot === 0 ? 1 : 0
    this.#copy()
  }

  /**
   * After a write that failed the medium may hold that header: before anything changes that it vouches for, this one is made to
   * stand in its place. @throws as `write`
   */
  async reassert(): Promise<void> {
    if (this.#isUnsure || this.#isCopyOwed) await this.write({})
  }

  /** Before a segment is used again that an older header names: no slot holds that header any more. @throws as `write` */
  assertCopied(): void {
    if (!this.#isCopyOwed) return
    encodeHeader(this.#current, this.#slot)
    this.#file.write(this.#slot, this.#nextSlot * SECTOR_BYTES)
    this.#isCopyOwed = false
  }

  /** A copy that cannot be written changes nothing: the header is durable. It is owed before anything of an older one is given up. */
  #copy(): void {
    this.#isCopyOwed = true
    try {
      this.#file.write(this.#slot, this.#nextSlot * SECTOR_BYTES)
      this.#isCopyOwed = false
    } catch (error) {
      if (!isDatabaseError(error)) throw error
    }
  }

  /** The greatest epoch on the medium. Reads both slots; decodes them only when they are not as this reign left them. */
  readEpoch(): Epoch {
    this.#file.read(this.#seen, 0)
    const { headerSeq, epoch } = this.#current
    const view = this.#seenView
    const isOurs = (at: number) => getU64(view, at + 32) === headerSeq && getU64(view, at + 40) === epoch
    if (isOurs(0) && isOurs(SECTOR_BYTES)) return epoch
    return readHeader(this.#file).slots.reduce(
      (greatest, slot) => (slot.kind === 'sound' && slot.value.epoch > greatest ? slot.value.epoch : greatest),
      epoch,
    )
  }

  /** Before files are written that a newer reign may be using. @throws LEASE_LOST */
  assertEpoch(): void {
    const ours = this.#current.epoch
    const seen = this.readEpoch()
    if (seen === ours) return
    throw new DatabaseError('LEASE_LOST', `epoch ${seen} is on the medium, ours is ${ours}`, {
      details: { ours, seen },
    })
  }
}
