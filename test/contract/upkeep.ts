/** What goes on beside commits: checkpoints, snapshots, verification. */
import { expect } from 'vitest'
import { type BlockNo, blockNo } from '../../src/units.ts'
import { blockOf, blockSize, bytesAt, commit, textOf, zeros } from './groups.ts'
import type { OpenNew } from './medium.ts'
import type { Runner } from './runner.ts'

export function contractOfUpkeep(openNew: OpenNew, { describe, test }: Runner): void {
  describe('upkeep', () => {
    test('many commits run through all segments and checkpoints', async () => {
      const { medium, store } = await openNew()
      for (let no = 1; no <= 300; no++) {
        await commit(store, { blocks: { [no % 17]: `v${no}` } })
        if (store.isCheckpointDue) await store.checkpoint({})
      }
      expect(store.positions.checkpointedTxid).toBeGreaterThan(0)
      store.abandon()
      const again = await medium.open()
      for (let at = 0; at < 17; at++) {
        const last = 300 - ((300 - at) % 17)
        expect(bytesAt(again, at)).toEqual(blockOf(`v${last}`))
        expect(again.blockInfo(blockNo(at))).toMatchObject({ txid: last })
      }
    })

    test('commits go on between the steps of a checkpoint', async () => {
      const { medium, store } = await openNew()
      await commit(store, { blocks: Object.fromEntries(Array.from({ length: 64 }, (_, at) => [at, `old ${at}`])) })
      let pauses = 0
      const pause = async () => {
        pauses++
        await commit(store, { blocks: { [pauses]: `new ${pauses}` } })
      }
      await store.checkpoint({ everything: true, pause })
      expect(pauses).toBeGreaterThan(1)
      expect(bytesAt(store, 1)).toEqual(blockOf('new 1'))
      store.abandon()
      const again = await medium.open()
      expect(bytesAt(again, pauses)).toEqual(blockOf(`new ${pauses}`))
      expect(bytesAt(again, 63)).toEqual(blockOf('old 63'))
    })

    test('a snapshot stays as it was while commits go on, and a checkpoint waits for it', async () => {
      const { store } = await openNew()
      await commit(store, { blocks: { 0: 'a', 1: 'b' } })
      await store.checkpoint({ everything: true })
      await commit(store, { blocks: { 1: 'b2' } })
      const snapshot = store.pin()
      await commit(store, { blocks: { 0: 'A', 1: 'B', 2: 'C' } })
      await commit(store, { sizeBlocks: 1 })
      const into = new Uint8Array(blockSize)
      const read = (at: number) => {
        snapshot.read(blockNo(at), into)
        return textOf(into)
      }
      expect(snapshot).toMatchObject({ txid: 2, sizeBlocks: 2 })
      await store.checkpoint({ everything: true })
      expect(store.positions.checkpointedTxid).toBe(1)
      expect([read(0), read(1), read(2)]).toEqual([blockOf('a'), blockOf('b2'), zeros])
      snapshot.release()
      await store.checkpoint({ everything: true })
      expect(store.positions.checkpointedTxid).toBe(4)
    })

    test('a snapshot taken during a checkpoint stays as it was', async () => {
      const { store } = await openNew()
      await commit(store, { blocks: Object.fromEntries(Array.from({ length: 64 }, (_, at) => [at, `old ${at}`])) })
      const snapshots: { release(): void; read(at: BlockNo, into: Uint8Array): void }[] = []
      const pause = async () => {
        if (snapshots.length === 0) snapshots.push(store.pin())
        await commit(store, { blocks: { 5: `new ${snapshots.length}` } })
      }
      await store.checkpoint({ everything: true, pause })
      for (let no = 0; no < 40; no++) await commit(store, { blocks: { 5: `later ${no}` } })
      const into = new Uint8Array(blockSize)
      const [snapshot] = snapshots
      snapshot?.read(blockNo(5), into)
      expect(textOf(into)).toBe(blockOf('old 5'))
      snapshot?.release()
    })

    test('verification reads every block of home and log', async () => {
      const { store } = await openNew()
      await commit(store, { blocks: { 0: 'a', 1: 'b', 4: 'e' } })
      await store.checkpoint({ everything: true })
      await commit(store, { blocks: { 1: 'B' } })
      expect(await store.verify({ mode: 'full' })).toEqual({ blocksChecked: 3, damaged: [] })
      const sample = await store.verify({ mode: 'sample', sampleSize: 2, random: () => 0 })
      expect(sample).toEqual({ blocksChecked: 2, damaged: [] })
    })

    test('the record of the last append reads back', async () => {
      const { store } = await openNew()
      await commit(store, { blocks: { 0: 'a' } })
      await store.readBack()
      await store.checkpoint({ everything: true })
      expect(store.statistics.barriers).toBeGreaterThan(0)
      expect(store.statistics.bytesWritten).toBeGreaterThan(blockSize)
      expect(store.statistics.homeBytes).toBe(blockSize)
    })
  })
}
