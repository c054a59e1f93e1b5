import { expect, test } from 'vitest'
import { PagePool } from '../../../src/storage/page-pool.ts'
import { View } from '../../../src/storage/view.ts'
import { blockNo } from '../../../src/units.ts'
import { MemoryBlockStore } from '../vfs/memory-block-store.ts'

const filled = (byte: number) => new Uint8Array(4096).fill(byte)

test('a buffer that was given back is used again, with the new bytes', () => {
  const pool = new PagePool({ keepBytes: 4096, blockSize: 4096 })
  const first = pool.copyOf(filled(1))
  pool.giveBack(first)
  const second = pool.copyOf(filled(2))
  expect(second).toBe(first)
  expect(second).toEqual(filled(2))
})

test('no more than its bound is kept', () => {
  const pool = new PagePool({ keepBytes: 4096, blockSize: 4096 })
  const pages = [pool.copyOf(filled(1)), pool.copyOf(filled(2))] as const
  for (const page of pages) pool.giveBack(page)
  expect(pool.copyOf(filled(3))).toBe(pages[0])
  expect(pages).not.toContain(pool.copyOf(filled(4)))
})

test('a page that a flush still needs is not given to the next transaction', () => {
  const store = new MemoryBlockStore()
  const view = new View(store, { transactionBytesMax: 1e9 })
  view.write(blockNo(0), filled(1))
  view.seal()
  const group = view.takeGroup({ timeMs: 0, requests: [] })
  for (const byte of [2, 3]) {
    view.write(blockNo(0), filled(byte))
    view.seal()
  }
  view.write(blockNo(1), filled(4))
  expect(group?.blocks.get(blockNo(0))).toEqual(filled(1))
  const seen = filled(0)
  view.read(blockNo(0), seen)
  expect(seen).toEqual(filled(3))
})
