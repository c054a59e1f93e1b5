/** What a void keeps, and what it takes back. */
import { expect } from 'vitest'
import type { BlockStore } from '../../src/storage/block-store.ts'
import { blockNo } from '../../src/units.ts'
import { blockOf, bytesAt, commit, groupFor, outcome, zeros } from './groups.ts'
import type { OpenNew } from './medium.ts'
import type { Runner } from './runner.ts'

export function contractOfVoids(openNew: OpenNew, { describe, test }: Runner): void {
  describe('voids', () => {
    test('a void without a failure keeps what was confirmed and raises the epoch', async () => {
      const { medium, store } = await openNew()
      await commit(store, { blocks: { 0: 'a' }, requests: [outcome(1)] })
      await store.append(groupFor(store, { blocks: { 1: 'relaxed' }, requests: [outcome(2)] }))
      await store.confirmEpoch()
      await store.append(groupFor(store, { blocks: { 0: 'void', 2: 'void' }, requests: [outcome(3)] }))
      const epoch = store.epoch
      expect(await store.voidAfterFailure()).toEqual({ epoch: epoch + 1 })
      const check = (open: BlockStore) => {
        expect(open.positions).toMatchObject({ writtenTxid: 2, durableTxid: 2 })
        expect([0, 1].map((at) => bytesAt(open, at))).toEqual([blockOf('a'), blockOf('relaxed')])
        expect(open.sizeBlocks).toBe(2)
        expect(open.blockInfo(blockNo(0))).toMatchObject({ version: 1 })
        expect(open.outcomeOf({ clientId: 'c', requestNo: 2 }).kind).toBe('known')
        expect(open.outcomeOf({ clientId: 'c', requestNo: 3 }).kind).toBe('fresh')
      }
      check(store)
      store.abandon()
      const again = await medium.open()
      check(again)
      expect(again.epochEnds.filter(({ epoch: one }) => one >= epoch)).toEqual([
        { epoch, lastTxid: 2 },
        { epoch: epoch + 1, lastTxid: 2 },
      ])
    })

    test('void again and again, with commits between, keeps every confirmed commit', async () => {
      const { medium, store } = await openNew()
      for (let no = 1; no <= 12; no++) {
        await commit(store, { blocks: { [no % 3]: `v${no}` } })
        await store.append(groupFor(store, { blocks: { 9: `void ${no}` } }))
        await store.voidAfterFailure()
      }
      store.abandon()
      const again = await medium.open()
      expect(again.positions.writtenTxid).toBe(12)
      expect([1, 2, 0].map((at) => bytesAt(again, at))).toEqual([blockOf('v10'), blockOf('v11'), blockOf('v12')])
      expect(bytesAt(again, 9)).toEqual(zeros)
    })
  })
}
