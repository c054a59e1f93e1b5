/** What a store knows of each block: its version, its time, and that it was freed. */
import { expect } from 'vitest'
import type { BlockStore } from '../../src/storage/block-store.ts'
import { blockNo } from '../../src/units.ts'
import { blockOf, bytesAt, commit, zeros } from './groups.ts'
import type { OpenNew } from './medium.ts'
import type { Runner } from './runner.ts'

export function contractOfVersions(openNew: OpenNew, { describe, test }: Runner): void {
  describe('versions of blocks', () => {
    test('a group of several transactions is one step of the version', async () => {
      const { store } = await openNew()
      await commit(store, { blocks: { 0: 'a' }, transactions: 3, timeMs: 5 })
      expect(store.positions.durableTxid).toBe(3)
      expect(store.blockInfo(blockNo(0))).toMatchObject({ txid: 3, version: 1, lastModifiedMs: 5, isTombstone: false })
    })

    test('the same bytes again raise version and time; other blocks keep theirs', async () => {
      const { medium, store } = await openNew()
      await commit(store, { blocks: { 0: 'a', 1: 'b' }, timeMs: 10 })
      await commit(store, { blocks: { 0: 'a' }, timeMs: 20 })
      const check = (open: BlockStore) => {
        expect(open.blockInfo(blockNo(0))).toMatchObject({ txid: 2, version: 2, lastModifiedMs: 20 })
        expect(open.blockInfo(blockNo(1))).toMatchObject({ txid: 1, version: 1, lastModifiedMs: 10 })
      }
      check(store)
      await store.checkpoint({ everything: true })
      check(store)
      store.abandon()
      check(await medium.open())
    })

    test('a barrier or checkpoint without a commit raises nothing', async () => {
      const { store } = await openNew()
      await commit(store, { blocks: { 0: 'a' }, timeMs: 10 })
      const before = store.blockInfo(blockNo(0))
      await store.barrier({ mayWait: false })
      await store.checkpoint({ everything: true })
      await store.checkpoint({ everything: true })
      expect(store.blockInfo(blockNo(0))).toEqual(before)
      expect(store.positions).toEqual({ writtenTxid: 1, durableTxid: 1, checkpointedTxid: 1 })
    })

    test('a freed block reads as zeros, leaves a tombstone, and goes on from its version', async () => {
      const { medium, store } = await openNew()
      await commit(store, { blocks: { 0: 'a', 1: 'b', 2: 'c' } })
      await commit(store, { blocks: { 1: 'b2' } })
      await commit(store, { freed: [1], timeMs: 30 })
      expect(bytesAt(store, 1)).toEqual(zeros)
      expect(store.blockInfo(blockNo(1))).toMatchObject({ version: 2, isTombstone: true, txid: 3, lastModifiedMs: 30 })
      await store.close({})
      const again = await medium.open()
      expect(bytesAt(again, 1)).toEqual(zeros)
      expect(again.blockInfo(blockNo(1))).toMatchObject({ version: 2, isTombstone: true })
      await commit(again, { blocks: { 1: 'b3' } })
      expect(again.blockInfo(blockNo(1))).toMatchObject({ version: 3, isTombstone: false })
      expect(bytesAt(again, 1)).toEqual(blockOf('b3'))
    })

    test('a database that shrinks and grows again has zeros where nothing was written', async () => {
      const { medium, store } = await openNew()
      await commit(store, { blocks: { 0: 'a', 1: 'b', 2: 'c', 3: 'd' } })
      await store.checkpoint({ everything: true })
      await commit(store, { sizeBlocks: 1 })
      expect(store.sizeBlocks).toBe(1)
      await commit(store, { blocks: { 3: 'D' } })
      const check = (open: BlockStore) => {
        expect([0, 1, 2, 3].map((at) => bytesAt(open, at))).toEqual([blockOf('a'), zeros, zeros, blockOf('D')])
        expect(open.blockInfo(blockNo(3))).toMatchObject({ version: 2 })
        expect(open.blockInfo(blockNo(2))).toMatchObject({ version: 1, isTombstone: true })
      }
      check(store)
      await store.checkpoint({ everything: true })
      check(store)
      await store.close({})
      check(await medium.open())
    })

    test('a tombstone beyond the end keeps its version through a clean close', async () => {
      const { medium, store } = await openNew()
      await commit(store, { blocks: { 0: 'a', 1: 'b' } })
      await commit(store, { sizeBlocks: 1 })
      await store.close({})
      const again = await medium.open()
      await commit(again, { blocks: { 1: 'B' } })
      expect(again.blockInfo(blockNo(1))).toMatchObject({ version: 2 })
    })
  })
}
