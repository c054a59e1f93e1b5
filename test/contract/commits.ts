/** What a commit promises: it is there, whole, for as long as the store is. */
import { expect } from 'vitest'
import type { BlockStore } from '../../src/storage/block-store.ts'
import { blockNo } from '../../src/units.ts'
import { blockOf, bytesAt, commit, groupFor, outcome, zeros } from './groups.ts'
import type { OpenNew } from './medium.ts'
import type { Runner } from './runner.ts'

export function contractOfCommits(openNew: OpenNew, { describe, test }: Runner): void {
  describe('commits', () => {
    test('is empty when it is made', async () => {
      const { store } = await openNew()
      expect(store.sizeBlocks).toBe(0)
      expect(store.positions).toEqual({ writtenTxid: 0, durableTxid: 0, checkpointedTxid: 0 })
      expect(bytesAt(store, 0)).toEqual(zeros)
      expect(store.blockInfo(blockNo(0))).toBeUndefined()
    })

    test('gives back what was appended, before and after the barrier', async () => {
      const { store } = await openNew()
      await store.append(groupFor(store, { blocks: { 0: 'a', 2: 'c' } }))
      expect(store.positions).toMatchObject({ writtenTxid: 1, durableTxid: 0 })
      expect(bytesAt(store, 0)).toEqual(blockOf('a'))
      await store.barrier({ mayWait: false })
      expect(store.positions).toMatchObject({ writtenTxid: 1, durableTxid: 1 })
      expect(bytesAt(store, 2)).toEqual(blockOf('c'))
      expect(bytesAt(store, 1)).toEqual(zeros)
    })

    test('an asynchronous barrier covers what was appended before it and nothing after', async () => {
      const { store } = await openNew()
      await store.append(groupFor(store, { blocks: { 0: 'a' } }))
      const barrier = store.barrier({ mayWait: true })
      await store.append(groupFor(store, { blocks: { 1: 'b' } }))
      await barrier
      expect(store.positions).toMatchObject({ writtenTxid: 2, durableTxid: 1 })
    })

    for (const ending of ['close', 'abandon'] as const)
      test(`holds every commit after ${ending} and open`, async () => {
        const { medium, store } = await openNew()
        for (let no = 1; no <= 20; no++) await commit(store, { blocks: { [no % 5]: `v${no}`, 7: `x${no}` } })
        await (ending === 'close' ? store.close({}) : store.abandon())
        const again = await medium.open()
        expect(again.positions.writtenTxid).toBe(20)
        expect(again.epoch).toBeGreaterThan(store.epoch)
        for (let at = 0; at < 5; at++) expect(bytesAt(again, at)).toEqual(blockOf(`v${at === 0 ? 20 : 15 + at}`))
        expect(bytesAt(again, 7)).toEqual(blockOf('x20'))
        expect(bytesAt(again, 6)).toEqual(zeros)
      })

    test('a record longer than a segment is whole after reopening', async () => {
      const { medium, store } = await openNew()
      const blocks = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [at, `long ${at}`]))
      await commit(store, { blocks })
      await commit(store, { blocks: { 0: 'after' } })
      store.abandon()
      const again = await medium.open()
      expect(again.sizeBlocks).toBe(600)
      expect(bytesAt(again, 599)).toEqual(blockOf('long 599'))
      expect(bytesAt(again, 0)).toEqual(blockOf('after'))
    })

    test('outcomes of requests survive commits, checkpoints, close and crash', async () => {
      const { medium, store } = await openNew()
      await commit(store, { blocks: { 0: 'a' }, requests: [outcome(1), outcome(1, 'd')] })
      await commit(store, { blocks: { 0: 'b' }, requests: [outcome(2)] })
      const check = (open: BlockStore) => {
        expect(open.outcomeOf({ clientId: 'c', requestNo: 2 })).toEqual({ kind: 'known', outcome: outcome(2) })
        expect(open.outcomeOf({ clientId: 'd', requestNo: 1 }).kind).toBe('known')
        expect(open.outcomeOf({ clientId: 'c', requestNo: 3 }).kind).toBe('fresh')
        expect(open.outcomeOf({ clientId: 'never', requestNo: 2 }).kind).toBe('unknown')
      }
      check(store)
      await store.checkpoint({ everything: true })
      await store.close({})
      const second = await medium.open()
      check(second)
      second.abandon()
      const third = await medium.open()
      check(third)
    })

    test('after close it answers nothing', async () => {
      const { store } = await openNew()
      await store.close({})
      expect(() => bytesAt(store, 0)).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
    })
  })
}
