/**
 * Buffers of one block that go round: what a transaction writes comes out of here, and goes back when the store has it.
 * A commit then allocates nothing for its pages, and leaves nothing for the collector. Bounded by `keepBytes`; what is given
 * back beyond that is dropped.
 */
export class PagePool {
  readonly #free: Uint8Array[] = []
  readonly #keep: number

  constructor(options: { readonly keepBytes: number; readonly blockSize: number }) {
    this.#keep = Math.floor(options.keepBytes / options.blockSize)
  }

  /** A buffer with a copy of `bytes`, one block. */
  copyOf(bytes: Uint8Array): Uint8Array {
    const page = this.#free.pop()
    if (page === undefined) return bytes.slice()
    page.set(bytes)
    return page
  }

  /** Nobody reads it any more. */
  giveBack(page: Uint8Array): void {
    if (this.#free.length < this.#keep) this.#free.push(page)
  }
}
