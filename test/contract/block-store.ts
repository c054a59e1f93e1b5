/**
 * What every BlockStore does, whatever its medium. `openMedium` gives a fresh one per test; `reopen` opens the same again, after
 * the store was closed or abandoned.
 */
import { afterEach, describe, expect, test } from 'vitest'
import type { BlockStore, Group } from '../../src/storage/block-store.ts'
import type { RequestOutcome } from '../../src/storage/request-table.ts'
import { type BlockNo, blockNo, txid } from '../../src/units.ts'

export interface Medium {
  open(): Promise<BlockStore>
  /** Removes what the test left behind. */
  dispose(): Promise<void>
}

export const blockSize = 4096

/** A block of SQLite's shape where it matters: bytes 18 and 19 of block 0. */
export function imageOf(content: string): Uint8Array {
  const bytes = new Uint8Array(blockSize)
  for (let at = 0; at < blockSize; at++) bytes[at] = (content.charCodeAt(at % content.length) + at * 7) & 255
  return bytes
}

/** A string per block: compared at once, where an array is compared byte by byte. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)
export const blockOf = (content: string): string => textOf(imageOf(content))

export interface Writes {
  readonly blocks?: Readonly<Record<number, string>>
  readonly freed?: readonly number[]
  readonly sizeBlocks?: number
  readonly requests?: readonly RequestOutcome[]
  readonly transactions?: number
  readonly timeMs?: number
}

/** The next group of a store: what it writes, in words. */
export function groupFor(store: BlockStore, writes: Writes): Group {
  const { blocks = {}, freed = [], requests = [], transactions = 1, timeMs = 1000 } = writes
  const numbers = Object.keys(blocks).map(Number)
  const first = store.positions.writtenTxid + 1
  return {
    firstTxid: txid(first),
    lastTxid: txid(first + transactions - 1),
    sizeBlocks: writes.sizeBlocks ?? Math.max(store.sizeBlocks, ...numbers.map((at) => at + 1)),
    blocks: new Map(numbers.map((at): [BlockNo, Uint8Array] => [blockNo(at), imageOf(blocks[at] ?? '')])),
    freed: new Set(freed.map(blockNo)),
    requests,
    timeMs,
  }
}

export async function commit(store: BlockStore, writes: Writes): Promise<void> {
  await store.append(groupFor(store, writes))
  await store.barrier({ mayWait: false })
  await store.confirmEpoch()
}

export function bytesAt(store: BlockStore, at: number): string {
  const into = new Uint8Array(store.blockSize).fill(0xaa)
  store.read(blockNo(at), into)
  return textOf(into)
}

const zeros = textOf(new Uint8Array(blockSize))
const outcome = (requestNo: number, clientId = 'c'): RequestOutcome => ({
  clientId,
  requestNo,
  txid: txid(1),
  answer: `"${requestNo}"`,
})

export function contractOfBlockStore(name: string, openMedium: () => Promise<Medium>): void {
  describe(`a block store on ${name}`, () => {
    const media: Medium[] = []
    const openNew = async () => {
      const medium = await openMedium()
      media.push(medium)
      return { medium, store: await medium.open() }
    }
    afterEach(async () => {
      for (const medium of media.splice(0)) await medium.dispose()
    })

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

    test.each(['close', 'abandon'] as const)('holds every commit after %s and open', async (ending) => {
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

    test('after close it answers nothing', async () => {
      const { store } = await openNew()
      await store.close({})
      expect(() => bytesAt(store, 0)).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
    })
  })
}
