/** The block table, in memory: its pages as they lie on the medium, sealed when they are written. */
import { assert } from '../../assert.ts'
import { type BlockNo, blockNo } from '../../units.ts'
import { type BlockEntry, ENTRY_BYTES, getEntry, putEntry } from '../block-entry.ts'
import { viewOf } from '../bytes.ts'
import { SECTOR_BYTES } from '../format.ts'
import { decodePage, ENTRIES_PER_PAGE, entryAtOf, sealPage } from '../table-page.ts'

interface Page {
  readonly bytes: Uint8Array
  readonly view: DataView
}

export class ResidentTable {
  readonly #storeId: string
  readonly #pages: Page[] = []

  constructor(storeId: string) {
    this.#storeId = storeId
  }

  get pageCount(): number {
    return this.#pages.length
  }

  get blockCount(): number {
    return this.#pages.length * ENTRIES_PER_PAGE
  }

  pageOf(at: BlockNo): number {
    return Math.floor(at / ENTRIES_PER_PAGE)
  }

  /** The next page as it was read; false when it is not that page of this store: it is empty then. */
  load(bytes: Uint8Array | undefined): boolean {
    const sound = bytes && decodePage(bytes, this.#pages.length, this.#storeId)
    if (bytes === undefined || sound === undefined) {
      this.#addPage()
      return false
    }
    this.#pages.push({ bytes, view: viewOf(bytes) })
    return true
  }

  get(at: BlockNo): BlockEntry | undefined {
    const page = this.#pages[this.pageOf(at)]
    return page && getEntry(page.view, entryAtOf(at))
  }

  set(at: BlockNo, entry: BlockEntry): void {
    const pageNo = this.pageOf(at)
    while (this.#pages.length <= pageNo) this.#addPage()
    const page = this.#pages[pageNo]
    assert(page !== undefined, 'the table has the pages of its blocks')
    putEntry(page.view, entryAtOf(at), entry)
  }

  *entries(): Generator<readonly [BlockNo, BlockEntry]> {
    for (let at = 0; at < this.blockCount; at++) {
      const entry = this.get(blockNo(at))
      if (entry !== undefined) yield [blockNo(at), entry]
    }
  }

  /** A copy of a page, sealed, with other entries in the place of some. */
  sealed(pageNo: number, instead: ReadonlyMap<BlockNo, BlockEntry | undefined>, generation: number): Uint8Array {
    const bytes = this.#pages[pageNo]?.bytes.slice() ?? new Uint8Array(SECTOR_BYTES)
    const view = viewOf(bytes)
    for (let index = 0; index < ENTRIES_PER_PAGE; index++) {
      const at = blockNo(pageNo * ENTRIES_PER_PAGE + index)
      if (!instead.has(at)) continue
      const entry = instead.get(at)
      if (entry === undefined) bytes.fill(0, entryAtOf(at), entryAtOf(at) + ENTRY_BYTES)
      else putEntry(view, entryAtOf(at), entry)
    }
    sealPage({ bytes, view }, { storeId: this.#storeId, pageNo, generation })
    return bytes
  }

  #addPage(): void {
    const bytes = new Uint8Array(SECTOR_BYTES)
    this.#pages.push({ bytes, view: viewOf(bytes) })
  }
}
