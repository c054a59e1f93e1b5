/** What `open` says of a directory: each state of its files has one answer, and a refusal has written nothing. */
import { describe, expect, test } from 'vitest'
import { viewOf } from '../../../src/storage/bytes.ts'
import { xxh64 } from '../../../src/storage/checksum.ts'
import { fileNames } from '../../../src/storage/format.ts'
import { MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import type { StoreOptions } from '../../../src/storage/recovery-state.ts'
import { blockOf, bytesAt, commit } from '../../contract/groups.ts'
import { bytesOf, crashedLog, crashedStore, cut, flip, imageOfAll, openOn, put, recordAt } from './stores.ts'

const text = new TextEncoder().encode('not a database\n'.repeat(400))

async function withNewerVersion(fs: MemoryFs, name: string): Promise<void> {
  for (const at of [0, 4096]) {
    const bytes = (await bytesOf(fs, name)).slice(at, at + 4096)
    viewOf(bytes).setUint32(8, 2, true)
    viewOf(bytes).setUint32(12, Number(xxh64(bytes.subarray(0, 12)) & 0xffffffffn), true)
    await put(fs, name, bytes, at)
  }
}

describe('a directory', () => {
  test('that is empty, or holds only the lease, gets a store', async () => {
    const fs = new MemoryFs()
    await put(fs, 'lease', text)
    const { store, report } = await openOn(fs)
    expect(report).toMatchObject({ found: 'created', epochBefore: 0, epochAfter: 1, recoveredTxid: 0 })
    expect(store.epoch).toBe(1)
    expect(await bytesOf(fs, 'lease')).toEqual(text)
  })

  test('gives each reign a greater epoch, and one greater than the floor', async () => {
    const fs = new MemoryFs()
    for (const [epochFloor, epoch] of [
      [undefined, 1],
      [undefined, 2],
      [40, 41],
      [3, 42],
    ] as const) {
      const { store } = await openOn(fs, epochFloor === undefined ? {} : { epochFloor: epochFloor as never })
      expect(store.epoch).toBe(epoch)
      store.abandon()
    }
  })

  const refusals: readonly [string, (fs: MemoryFs) => Promise<void>, string, Partial<StoreOptions>?][] = [
    ['a file of somebody else', (fs) => put(fs, 'notes.txt', text), 'STORE_FOREIGN'],
    ['a database of somebody else', (fs) => put(fs, fileNames.home, text), 'STORE_FOREIGN'],
    ['a header that is a text', (fs) => put(fs, fileNames.header, text), 'STORE_FOREIGN'],
    ['a log that is a text', (fs) => put(fs, 'log-0', text), 'STORE_FOREIGN'],
    ...(['fail', 'report', 'repair'] as const).flatMap(
      (onCorruption): [string, (fs: MemoryFs) => Promise<void>, string, Partial<StoreOptions>][] => {
        const damaged = (damage: (fs: MemoryFs) => Promise<void>) => async (fs: MemoryFs) => {
          await crashedStore(fs)
          await damage(fs)
        }
        const modes = { onCorruption }
        return [
          [`no header, ${onCorruption}`, damaged((fs) => fs.remove(fileNames.header)), 'HEADER_CORRUPT', modes],
          [`no home, ${onCorruption}`, damaged((fs) => fs.remove(fileNames.home)), 'HOME_CORRUPT', modes],
          [`no table, ${onCorruption}`, damaged((fs) => fs.remove(fileNames.table)), 'TABLE_CORRUPT', modes],
          [`no log file, ${onCorruption}`, damaged((fs) => fs.remove('log-2')), 'LOG_CORRUPT', modes],
          [
            `both header slots damaged, ${onCorruption}`,
            damaged(async (fs) => {
              await flip(fs, fileNames.header, 100)
              await flip(fs, fileNames.header, 4196)
            }),
            'HEADER_CORRUPT',
            modes,
          ],
          [
            `a newer header, ${onCorruption}`,
            damaged((fs) => withNewerVersion(fs, fileNames.header)),
            'FORMAT_UNKNOWN',
            modes,
          ],
          [`a newer log, ${onCorruption}`, damaged((fs) => withNewerVersion(fs, crashedLog)), 'FORMAT_UNKNOWN', modes],
          [
            `another block size, ${onCorruption}`,
            damaged(async () => {}),
            'BLOCK_SIZE_MISMATCH',
            { onCorruption, blockSize: 8192 },
          ],
        ]
      },
    ),
  ]

  test.each(refusals)('with %s is refused, and nothing is written', async (_, prepare, code, modes = {}) => {
    const fs = new MemoryFs()
    await prepare(fs)
    const before = await imageOfAll(fs)
    await expect(openOn(fs, modes)).rejects.toMatchObject({ code })
    expect(await imageOfAll(fs)).toEqual(before)
  })

  test('says the block size that it has', async () => {
    const fs = await crashedStore()
    await expect(openOn(fs, { blockSize: 8192 })).rejects.toMatchObject({ details: { blockSize: 4096 } })
    const { blockSize: _, ...any } = { blockSize: 0 }
    expect((await openOn(fs, any)).store.blockSize).toBe(4096)
  })

  test('with a header older than the log is refused', async () => {
    const fs = new MemoryFs()
    const { store } = await openOn(fs)
    await commit(store, { blocks: { 0: 'a' } })
    const old = await bytesOf(fs, fileNames.header)
    for (let no = 0; no < 4; no++) {
      await commit(store, { blocks: { 0: `b${no}` } })
      await store.checkpoint({ everything: true })
    }
    store.abandon()
    await put(fs, fileNames.header, old)
    await expect(openOn(fs, { onCorruption: 'repair' })).rejects.toMatchObject({ code: 'HEADER_CORRUPT' })
  })

  test('with one damaged header slot opens as if nothing had happened', async () => {
    for (const at of [100, 4196]) {
      const fs = await crashedStore()
      await flip(fs, fileNames.header, at)
      const { store } = await openOn(fs)
      expect(store.positions.writtenTxid).toBe(5)
      expect(store.epoch).toBe(2)
    }
  })
})

describe('a store that is being made', () => {
  const making: readonly [string, (fs: MemoryFs) => Promise<void>][] = [
    ['a header without bytes', (fs) => put(fs, fileNames.header, new Uint8Array(0))],
    ['a header of zeros', (fs) => put(fs, fileNames.header, new Uint8Array(8192))],
    ['a header of garbage, a sector long', (fs) => put(fs, fileNames.header, new Uint8Array(512).fill(0x5a))],
  ]
  test.each(making)('is made again after a crash that left %s', async (_, prepare) => {
    const fs = new MemoryFs()
    await prepare(fs)
    const { store, report } = await openOn(fs)
    expect(report.found).toBe('created')
    await commit(store, { blocks: { 0: 'a' } })
    expect(bytesAt(store, 0)).toBe(blockOf('a'))
  })
})

describe('a crashed store', () => {
  test('is redone from its log, and the report says so', async () => {
    const fs = await crashedStore()
    const { store, report } = await openOn(fs)
    expect([0, 1, 2].map((at) => bytesAt(store, at))).toEqual(['v3', 'v4', 'v5'].map(blockOf))
    expect(report).toMatchObject({
      found: 'existing',
      cleanShutdown: false,
      epochBefore: 1,
      epochAfter: 2,
      recoveredTxid: 5,
      durableThrough: 4,
      recordsReplayed: 5,
      transactionsReplayed: 5,
      blocksVerified: 3,
      damaged: [],
      logDamage: undefined,
      tornTail: undefined,
    })
  })

  test('opened twice is the same but for its epoch', async () => {
    const fs = await crashedStore()
    const first = await openOn(fs)
    const identity = [0, 1, 2].map((at) => first.store.blockInfo(at as never))
    first.store.abandon()
    const second = await openOn(fs)
    expect([0, 1, 2].map((at) => second.store.blockInfo(at as never))).toEqual(identity)
    expect(second.report).toMatchObject({ recordsReplayed: 0, recoveredTxid: 5, epochAfter: 3 })
  })

  test.each(['header', 'entries', 'image', 'trailer'] as const)(
    'with a last record whose %s is torn loses that record alone',
    async (part) => {
      const fs = await crashedStore()
      const offset = { header: 30, entries: 140, image: 3000, trailer: 8191 }[part]
      await flip(fs, crashedLog, recordAt(5) + offset)
      const { store, report } = await openOn(fs)
      expect(report).toMatchObject({
        recoveredTxid: 4,
        tornTail: { file: crashedLog, at: recordAt(5) },
        logDamage: undefined,
      })
      expect(bytesAt(store, 2)).toBe(blockOf('v2'))
      expect(bytesAt(store, 1)).toBe(blockOf('v4'))
    },
  )

  test('whose home has a partial last block is cut to whole blocks', async () => {
    const fs = await crashedStore()
    const { store } = await openOn(fs)
    store.abandon()
    await put(fs, fileNames.home, new Uint8Array(100).fill(1), 3 * 4096)
    const { report } = await openOn(fs)
    expect(report.steps.homeBytesCut).toBe(100)
    expect(await bytesOf(fs, fileNames.home)).toHaveLength(3 * 4096)
  })
})

test('after a clean close, opening and closing leaves home and table as they are', async () => {
  const fs = await crashedStore()
  await (await openOn(fs)).store.close({})
  const before = await imageOfAll(fs)
  const { store, report } = await openOn(fs)
  expect(report).toMatchObject({ cleanShutdown: true, recordsReplayed: 0 })
  await store.close({})
  const after = await imageOfAll(fs)
  for (const name of [fileNames.home, fileNames.table]) expect(after.get(name)).toBe(before.get(name))
  await cut(fs, fileNames.home, 0)
  await expect(openOn(fs)).rejects.toMatchObject({ code: 'HOME_CORRUPT' })
})
