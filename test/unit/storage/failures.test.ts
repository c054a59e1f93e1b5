/** Failing writes, failing barriers and other writers: what is said, and what is there afterwards. */
import { describe, expect, test } from 'vitest'
import type { BlockStore } from '../../../src/storage/block-store.ts'
import { MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import { openFileStore } from '../../../src/storage/recover.ts'
import { blockNo, epoch } from '../../../src/units.ts'
import { blockOf, bytesAt, commit, groupFor } from '../../contract/groups.ts'
import { SimDisk } from '../../model/sim-disk.ts'
import { bytesOf, flip, openOn, options } from './stores.ts'

const lost = expect.objectContaining({ code: 'LEASE_LOST' })

async function onDisk(): Promise<{ disk: SimDisk; store: BlockStore; reopen(): Promise<BlockStore> }> {
  const disk = new SimDisk()
  const { store } = await openFileStore(disk, options)
  const reopen = async () => (await openFileStore(new SimDisk(disk.image()), options)).store
  return { disk, store, reopen }
}

/** More than what is left of a segment. */
const long = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [at, `long ${at}`]))

describe('a full disk', () => {
  test('is told before any byte of the record, and the same group is accepted later', async () => {
    const { disk, store, reopen } = await onDisk()
    await commit(store, { blocks: { 0: 'a' } })
    // The first two writes begin another segment, in space that is there; the third makes it longer.
    disk.setFault({ nth: 3, kinds: ['write'], isLasting: true, error: 'ENOSPC', applied: 'half' })
    const group = groupFor(store, { blocks: long })
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(() => store.append(group)).toThrow(
        expect.objectContaining({ code: 'STORAGE_FULL', retryable: true, outcome: undefined }),
      )
    }
    expect(disk.faultsFired).toBe(3)
    expect(store.positions).toMatchObject({ writtenTxid: 1, durableTxid: 1 })
    disk.heal()
    await store.append(group)
    await store.barrier({ mayWait: false })
    store.abandon()
    const again = await reopen()
    expect([again.positions.writtenTxid, bytesAt(again, 39)]).toEqual([2, blockOf('long 39')])
  })

  test('met by the record itself leaves the outcome unknown, until a new series says', async () => {
    const { disk, store, reopen } = await onDisk()
    await commit(store, { blocks: { 0: 'a' } })
    disk.setFault({ nth: 1, kinds: ['write'], isLasting: false, error: 'ENOSPC', applied: 'half' })
    const unknown = expect.objectContaining({ code: 'STORAGE_FAILED', outcome: 'unknown' })
    expect(() => store.append(groupFor(store, { blocks: { 0: 'b' } }))).toThrow(unknown)
    expect(() => store.append(groupFor(store, { blocks: { 0: 'b' } }))).toThrow(unknown)
    await expect(store.checkpoint({})).rejects.toEqual(unknown)
    expect(bytesAt(store, 0)).toBe(blockOf('a'))
    await store.voidAfterFailure()
    await commit(store, { blocks: { 0: 'c' } })
    store.abandon()
    const again = await reopen()
    expect([again.positions.writtenTxid, bytesAt(again, 0)]).toEqual([2, blockOf('c')])
  })
})

describe('a failed barrier', () => {
  test('keeps what was confirmed before, on the medium and in another place', async () => {
    const { disk, store } = await onDisk()
    await store.append(groupFor(store, { blocks: { 0: 'relaxed' } }))
    await store.confirmEpoch()
    await store.append(groupFor(store, { blocks: { 0: 'strict', 1: 'strict' } }))
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    await expect(store.barrier({ mayWait: true })).rejects.toMatchObject({ code: 'STORAGE_FAILED', outcome: 'unknown' })
    expect(disk.faultsFired).toBe(1)
    expect(await store.voidAfterFailure()).toEqual({ epoch: 2 })
    expect(store.positions).toMatchObject({ writtenTxid: 1, durableTxid: 1 })
    // The power goes: only what was behind a successful barrier is left.
    const { names, files } = disk.crashPoint()
    const image = new Map([...names].map(([name, inode]) => [name, files.get(inode)] as const))
    const after = new SimDisk(
      new Map([...image].flatMap(([name, file]) => (file === undefined ? [] : [[name, file] as const]))),
    )
    const { store: again } = await openFileStore(after, options)
    expect([again.positions.writtenTxid, bytesAt(again, 0), again.sizeBlocks]).toEqual([1, blockOf('relaxed'), 1])
  })

  test('a void that fails is owed again, and its own records never count', async () => {
    const { disk, store, reopen } = await onDisk()
    await commit(store, { blocks: { 0: 'a' } })
    await store.append(groupFor(store, { blocks: { 0: 'relaxed' } }))
    await store.confirmEpoch()
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    await expect(store.barrier({ mayWait: true })).rejects.toThrow('EIO')
    // The first barrier of a void is the header's, the second the new segment's.
    disk.setFault({ nth: 2, kinds: ['flush'], isLasting: false, error: 'EIO' })
    await expect(store.voidAfterFailure()).rejects.toThrow('EIO')
    expect(disk.faultsFired).toBe(2)
    expect(() => store.append(groupFor(store, { blocks: { 0: 'b' } }))).toThrow(/new series is owed/)
    expect(await store.voidAfterFailure()).toEqual({ epoch: 3 })
    expect([store.positions.durableTxid, bytesAt(store, 0)]).toEqual([2, blockOf('relaxed')])
    store.abandon()
    const again = await reopen()
    expect([again.positions.writtenTxid, bytesAt(again, 0)]).toEqual([2, blockOf('relaxed')])
  })
})

describe('a segment that is half begun', () => {
  test('by a checkpoint stops commits until a new series: it would make them void', async () => {
    const { disk, store, reopen } = await onDisk()
    await commit(store, { blocks: { 0: 'a' } })
    // Its header is written, its first record is not.
    disk.setFault({ nth: 2, kinds: ['write'], isLasting: false, error: 'EIO' })
    await expect(store.checkpoint({ everything: true })).rejects.toMatchObject({ outcome: 'unknown' })
    expect(disk.faultsFired).toBe(1)
    expect(() => store.append(groupFor(store, { blocks: { 0: 'b' } }))).toThrow(/new series is owed/)
    await store.voidAfterFailure()
    await commit(store, { blocks: { 0: 'c' } })
    store.abandon()
    const again = await reopen()
    expect([again.positions.writtenTxid, bytesAt(again, 0)]).toEqual([2, blockOf('c')])
  })
})

describe('a record that does not read back', () => {
  test('is said so, and is void', async () => {
    const fs = new MemoryFs()
    const { store } = await openOn(fs)
    await commit(store, { blocks: { 0: 'a' } })
    await store.append(groupFor(store, { blocks: { 0: 'b' } }))
    await store.barrier({ mayWait: false })
    await flip(fs, 'log-1', 8192 + 4096 + 8192 + 3000)
    expect(() => store.readBack()).toThrow(expect.objectContaining({ code: 'READBACK_MISMATCH' }))
    await store.voidAfterFailure()
    expect([store.positions.writtenTxid, bytesAt(store, 0)]).toEqual([1, blockOf('a')])
    store.abandon()
    const { store: again } = await openOn(fs)
    expect([again.positions.writtenTxid, bytesAt(again, 0)]).toEqual([1, blockOf('a')])
  })
})

describe('a writer that was taken over, with no lock to stop it', () => {
  async function takenOver() {
    const fs = new MemoryFs()
    const { store: old } = await openOn(fs)
    await commit(old, { blocks: { 0: 'a' } })
    const { store: young } = await openOn(fs)
    expect(young.epoch).toBe(epoch(old.epoch + 1))
    return { fs, old, young }
  }

  test('is told when it confirms, and what it wrote is not replayed', async () => {
    const { fs, old, young } = await takenOver()
    await old.append(groupFor(old, { blocks: { 0: 'zombie' } }))
    await old.barrier({ mayWait: false })
    expect(() => old.confirmEpoch()).toThrow(lost)
    await commit(young, { blocks: { 1: 'b' } })
    young.abandon()
    const { store: next } = await openOn(fs)
    expect(next.positions.writtenTxid).toBe(2)
    expect([bytesAt(next, 0), bytesAt(next, 1)]).toEqual([blockOf('a'), blockOf('b')])
  })

  test('is told before it takes another file, folds, voids or closes', async () => {
    const { fs, old, young } = await takenOver()
    await commit(young, { blocks: { 1: 'b' } })
    const before = await Promise.all(
      ['log-0', 'log-2', 'database.sqlite', 'blocks.meta', 'header'].map((name) => bytesOf(fs, name)),
    )
    expect(() => old.append(groupFor(old, { blocks: long }))).toThrow(lost)
    await expect(old.checkpoint({ everything: true })).rejects.toEqual(lost)
    await expect(old.close({})).rejects.toEqual(lost)
    await expect(old.voidAfterFailure()).rejects.toEqual(lost)
    const after = await Promise.all(
      ['log-0', 'log-2', 'database.sqlite', 'blocks.meta', 'header'].map((name) => bytesOf(fs, name)),
    )
    for (const [index, bytes] of before.entries())
      expect(Buffer.compare(bytes, after[index] ?? new Uint8Array())).toBe(0)
  })

  test('stops a checkpoint between two steps', async () => {
    const fs = new MemoryFs()
    const { store: old } = await openOn(fs)
    await commit(old, { blocks: long })
    let young: BlockStore | undefined
    const pause = async () => {
      young ??= (await openOn(fs)).store
    }
    await expect(old.checkpoint({ everything: true, pause })).rejects.toEqual(lost)
    expect(young && bytesAt(young, 39)).toBe(blockOf('long 39'))
    young?.abandon()
    const { store: next } = await openOn(fs)
    expect(next.blockInfo(blockNo(39))).toMatchObject({ version: 1 })
  })
})

test('blocks of 64 KiB', async () => {
  const fs = new MemoryFs()
  const blockSize = 65_536
  const { store } = await openOn(fs, { blockSize, segmentBytes: 1 << 20 })
  const image = new Uint8Array(blockSize).fill(9)
  const group = groupFor(store, { sizeBlocks: 3 })
  await store.append({ ...group, blocks: new Map([[blockNo(2), image]]) })
  await store.barrier({ mayWait: false })
  await store.close({})
  const { store: again } = await openOn(fs, { blockSize, segmentBytes: 1 << 20 })
  expect(bytesAt(again, 2)).toBe('\t'.repeat(blockSize))
})
