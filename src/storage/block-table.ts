/**
 * Identity of every block in the home: the pages of table-page.ts, shadow-paged.
 *
 * Page p has two slots, at 8192 p and 4096 further. A checkpoint of generation g writes the slot that is not current; the header
 * that names g makes it current. Until then the older slot is whole, so no log is needed for these pages.
 * On open the slot with the greatest generation not beyond the header's is current; all their checksums must hash to the
 * header's table hash. Entries are never dropped: a tombstone keeps the version of a block beyond the end of the database.
 */
import { assert } from '../assert.ts'
import { type BlockNo, blockNo } from '../units.ts'
import { type BlockEntry, getEntry, putEntry } from './block-entry.ts'
import { putHash, viewOf } from './bytes.ts'
import { xxh64 } from './checksum.ts'
import type { StoreFile } from './file-system.ts'
import { SECTOR_BYTES } from './format.ts'
import { decodePage, ENTRIES_PER_PAGE, entryAtOf, sealPage } from './table-page.ts'

/** The file is read in pieces of so many pages, so that opening a large database needs no second table. */
const PAGES_PER_READ = 32

interface TablePage {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Slot that the header on the medium makes valid. */
  currentSlot: 0 | 1
  checksum: bigint
  isDirty: boolean
}

export interface TableFinding {
  readonly table: BlockTable
  /** Pages without a sound slot, or whose slot is not the one that the header was written with. */
  readonly damagedPages: readonly number[]
  readonly isHashRight: boolean
}

export class BlockTable {
  readonly #file: StoreFile
  readonly #storeId: string
  readonly #pages: TablePage[] = []

  constructor(file: StoreFile, storeId: string) {
    this.#file = file
    this.#storeId = storeId
  }

  /** Reads the pages that the header names. Never throws for what the bytes are. */
  static read(
    file: StoreFile,
    header: {
      readonly storeId: string
      readonly tableGeneration: number
      readonly tablePages: number
      readonly tableHash: bigint
    },
  ): TableFinding {
    const table = new BlockTable(file, header.storeId)
    const damagedPages: number[] = []
    const piece = new Uint8Array(Math.min(header.tablePages, PAGES_PER_READ) * 2 * SECTOR_BYTES)
    for (let pageNo = 0; pageNo < header.tablePages; pageNo++) {
      const within = pageNo % PAGES_PER_READ
      if (within === 0) piece.fill(0, file.read(piece, slotAt(pageNo, 0)))
      const slots = piece.subarray(slotAt(within, 0), slotAt(within + 1, 0))
      if (!table.#load(pageNo, slots, header.tableGeneration)) damagedPages.push(pageNo)
    }
    return { table, damagedPages, isHashRight: table.hash() === header.tableHash }
  }

  get pageCount(): number {
    return this.#pages.length
  }

  /** Blocks that may have an entry. */
  get blockCount(): number {
    return this.#pages.length * ENTRIES_PER_PAGE
  }

  get(at: BlockNo): BlockEntry | undefined {
    const page = this.#pages[Math.floor(at / ENTRIES_PER_PAGE)]
    return page === undefined ? undefined : getEntry(page.view, entryAtOf(at))
  }

  set(at: BlockNo, entry: BlockEntry): void {
    const pageNo = Math.floor(at / ENTRIES_PER_PAGE)
    while (this.#pages.length <= pageNo) this.#addPage()
    const page = this.#pages[pageNo]
    assert(page !== undefined, 'the table has the pages of its blocks')
    putEntry(page.view, entryAtOf(at), entry)
    page.isDirty = true
  }

  *entries(): Generator<readonly [BlockNo, BlockEntry]> {
    for (let at = 0; at < this.blockCount; at++) {
      const entry = this.get(blockNo(at))
      if (entry !== undefined) yield [blockNo(at), entry]
    }
  }

  /** Writes every dirty page into its other slot; returns how many. A page stays dirty until `settle`. */
  writeDirty(generation: number): number {
    let written = 0
    for (const [pageNo, page] of this.#pages.entries()) {
      if (!page.isDirty) continue
      page.checksum = sealPage(page, { storeId: this.#storeId, pageNo, generation })
      this.#file.write(page.bytes, slotAt(pageNo, page.currentSlot === 0 ? 1 : 0))
      written++
    }
    return written
  }

  get hasDirty(): boolean {
    return this.#pages.some((page) => page.isDirty)
  }

  /** The header that names the written generation is durable: what was written is current. */
  settle(pagesWritten: readonly number[]): void {
    for (const pageNo of pagesWritten) {
      const page = this.#pages[pageNo]
      assert(page !== undefined, 'a page that was written exists')
      page.currentSlot = page.currentSlot === 0 ? 1 : 0
      page.isDirty = false
    }
  }

  get dirtyPages(): number[] {
    return [...this.#pages.keys()].filter((pageNo) => this.#pages[pageNo]?.isDirty)
  }

  /** Hash over the checksums of all pages, in order. */
  hash(): bigint {
    const bytes = new Uint8Array(this.#pages.length * 8)
    const view = viewOf(bytes)
    for (const [pageNo, { checksum }] of this.#pages.entries()) putHash(view, pageNo * 8, checksum)
    return xxh64(bytes)
  }

  #addPage(): void {
    const bytes = new Uint8Array(SECTOR_BYTES)
    this.#pages.push({ bytes, view: viewOf(bytes), currentSlot: 1, checksum: 0n, isDirty: true })
  }

  /** `slots`: both of the page. False: none of them is sound. The page is then empty and dirty. */
  #load(pageNo: number, slots: Uint8Array, generation: number): boolean {
    const found = ([0, 1] as const)
      .map((slot) => ({
        slot,
        page: decodePage(slots.subarray(slot * SECTOR_BYTES, (slot + 1) * SECTOR_BYTES), pageNo, this.#storeId),
      }))
      .flatMap(({ slot, page }) => (page === undefined ? [] : [{ slot, ...page }]))
      .sort((a, b) => b.generation - a.generation)
    const current = found.find((page) => page.generation <= generation)
    if (current === undefined) {
      this.#addPage()
      return false
    }
    // A slot of a checkpoint that did not end must not be taken for current by a later header: it is overwritten with the next one.
    const hasLeftover = found.some((page) => page.generation > generation)
    const { slot } = current
    const bytes = current.bytes.slice()
    this.#pages.push({
      bytes,
      view: viewOf(bytes),
      currentSlot: slot,
      checksum: current.checksum,
      isDirty: hasLeftover,
    })
    return true
  }
}

const slotAt = (pageNo: number, slot: 0 | 1): number => (pageNo * 2 + slot) * SECTOR_BYTES
