/** The table is read back as it was written, whatever its length; pages that are not there are damaged, each by its number. */
import { beforeAll, expect, test } from 'vitest'
import type { BlockEntry } from '../../../src/storage/block-entry.ts'
import { BlockTable } from '../../../src/storage/block-table.ts'
import { loadChecksums } from '../../../src/storage/checksum.ts'
import { MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import { ENTRIES_PER_PAGE } from '../../../src/storage/table-page.ts'
import { blockNo, txid } from '../../../src/units.ts'

const storeId = '00'.repeat(16)
const pageCount = 70
const entryOf = (at: number): BlockEntry => ({
  txid: txid(at + 1),
  version: at + 2,
  checksum: BigInt(at) << 32n,
  algorithmId: 1,
  lastModifiedMs: at,
  isTombstone: false,
})

beforeAll(loadChecksums)

async function written() {
  const file = await new MemoryFs().open('blocks.meta', { create: true })
  const table = new BlockTable(file, storeId)
  for (let at = 0; at < pageCount * ENTRIES_PER_PAGE; at++) table.set(blockNo(at), entryOf(at))
  const pages = table.dirtyPages
  table.writeDirty(1)
  table.settle(pages)
  return { file, header: { storeId, tableGeneration: 1, tablePages: pageCount, tableHash: table.hash() } }
}

test('a table of many pages is read back', async () => {
  const { file, header } = await written()
  const { table, damagedPages, isHashRight } = BlockTable.read(file, header)
  expect({ damagedPages, isHashRight }).toEqual({ damagedPages: [], isHashRight: true })
  expect([...table.entries()]).toEqual(
    Array.from({ length: pageCount * ENTRIES_PER_PAGE }, (_, at) => [blockNo(at), entryOf(at)]),
  )
})

test('pages behind the end of the file are damaged, and never those of an earlier piece', async () => {
  const { file, header } = await written()
  file.truncate(40 * 8192)
  const { table, damagedPages, isHashRight } = BlockTable.read(file, header)
  expect(damagedPages).toEqual(Array.from({ length: pageCount - 40 }, (_, index) => 40 + index))
  expect(isHashRight).toBe(false)
  expect(table.get(blockNo(40 * ENTRIES_PER_PAGE - 1))).toEqual(entryOf(40 * ENTRIES_PER_PAGE - 1))
  expect(table.get(blockNo(40 * ENTRIES_PER_PAGE))).toBeUndefined()
})
