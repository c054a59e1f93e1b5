/** Corruption of the home and its modes: `fail` names it and changes nothing, `report` serves the rest, `repair` restores or keeps the evidence. */
import { describe, expect, test } from 'vitest'
import { BlockTable } from '../../../src/storage/block-table.ts'
import { HeaderFile } from '../../../src/storage/header-file.ts'
import { newestOf, readHeader } from '../../../src/storage/header.ts'
import { fileNames } from '../../../src/storage/format.ts'
import { type MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import { type BlockNo, blockNo } from '../../../src/units.ts'
import { blockOf, bytesAt, commit } from '../../contract/groups.ts'
import { bytesOf, codeOf, crashedStore, cut, flip, openOn, put, settledStore } from './stores.ts'

describe('a block that rots in the home', () => {
  test('fail: opening names block and file', async () => {
    const fs = await settledStore()
    await flip(fs, fileNames.home, 3 * 4096 + 50)
    await expect(openOn(fs)).rejects.toMatchObject({
      code: 'CHECKSUM_MISMATCH',
      details: { blockNo: 3, file: fileNames.home },
    })
  })

  test('verify none: reading it says so, reading others does not', async () => {
    const fs = await settledStore()
    await flip(fs, fileNames.home, 3 * 4096 + 50)
    const { store } = await openOn(fs, { verify: 'none' })
    expect([2, 3, 4].map((at) => codeOf(store, at))).toEqual(['sound', 'CHECKSUM_MISMATCH', 'sound'])
    expect(store.statistics.checksumFailures).toBe(1)
  })

  test('report: it is listed, the rest is served', async () => {
    const fs = await settledStore()
    await flip(fs, fileNames.home, 3 * 4096 + 50)
    const { store, report } = await openOn(fs, { onCorruption: 'report' })
    expect(report.damaged).toMatchObject([{ blockNo: 3, code: 'CHECKSUM_MISMATCH', file: fileNames.home }])
    expect(report.repaired).toEqual([])
    expect([2, 3, 4].map((at) => codeOf(store, at))).toEqual(['sound', 'CHECKSUM_MISMATCH', 'sound'])
  })

  test('repair without an image: the bytes are kept aside, the damage stays until the block is written again', async () => {
    const fs = await settledStore()
    await flip(fs, fileNames.home, 3 * 4096 + 50)
    const rotten = (await bytesOf(fs, fileNames.home)).slice(3 * 4096, 4 * 4096)
    const { store, report } = await openOn(fs, { onCorruption: 'repair' })
    expect(report).toMatchObject({
      repaired: [],
      quarantined: [{ file: 'quarantine-1', from: fileNames.home, at: 3 * 4096, bytes: 4096 }],
    })
    expect(await bytesOf(fs, 'quarantine-1')).toEqual(rotten)
    expect(codeOf(store, 3)).toBe('CHECKSUM_MISMATCH')
    await commit(store, { blocks: { 3: 'again' } })
    expect(bytesAt(store, 3)).toBe(blockOf('again'))
    await store.close({})
    const { store: next, report: clean } = await openOn(fs)
    expect(clean.damaged).toEqual([])
    expect(next.blockInfo(blockNo(3))).toMatchObject({ version: 2 })
  })

  test('repair with an image in a folded segment: it is restored', async () => {
    const fs = await crashedStore()
    await (await openOn(fs)).store.close({})
    await flip(fs, fileNames.home, 2 * 4096 + 50)
    const { store, report } = await openOn(fs, { onCorruption: 'repair' })
    expect(report).toMatchObject({ damaged: [{ blockNo: 2 }], repaired: [2], quarantined: [] })
    expect(bytesAt(store, 2)).toBe(blockOf('v5'))
    store.abandon()
    expect((await openOn(fs)).report.damaged).toEqual([])
  })

  test('block 0 is restored from what the log carries, whatever the mode', async () => {
    const fs = await settledStore()
    await flip(fs, fileNames.home, 50)
    const { store, report } = await openOn(fs)
    expect(report.repaired).toEqual([0])
    expect(bytesAt(store, 0)).toBe(blockOf('r3.4'))
  })

  test('a block in the wrong place is told from the right one', async () => {
    const fs = await settledStore()
    const home = await bytesOf(fs, fileNames.home)
    await put(fs, fileNames.home, home.slice(4096, 8192), 2 * 4096)
    const { report } = await openOn(fs, { onCorruption: 'report' })
    expect(report.damaged).toMatchObject([{ blockNo: 2 }])
  })

  test('a rotten sample is found when it is drawn', async () => {
    const fs = await settledStore()
    await flip(fs, fileNames.home, 3 * 4096 + 50)
    const sample = { verify: 'sample', sampleSize: 1, onCorruption: 'report' } as const
    const found = await openOn(fs, { ...sample, random: () => 3.5 / 6 })
    expect(found.report).toMatchObject({ blocksVerified: 1, damaged: [{ blockNo: 3 }] })
    found.store.abandon()
    const missed = await openOn(fs, { ...sample, random: () => 0.99 })
    expect(missed.report).toMatchObject({ blocksVerified: 1, damaged: [] })
  })
})

describe('a home that was cut short', () => {
  test('fail: HOME_CORRUPT, and it is left as it is', async () => {
    const fs = await settledStore()
    await cut(fs, fileNames.home, 4 * 4096)
    await expect(openOn(fs)).rejects.toMatchObject({
      code: 'HOME_CORRUPT',
      details: { bytes: 4 * 4096, bytesOwed: 6 * 4096 },
    })
    expect(await bytesOf(fs, fileNames.home)).toHaveLength(4 * 4096)
  })

  test('report: the blocks that are there are served', async () => {
    const fs = await settledStore()
    await cut(fs, fileNames.home, 4 * 4096)
    const { store, report } = await openOn(fs, { onCorruption: 'report' })
    expect(report.damaged.map(({ blockNo: at }) => at)).toEqual([4, 5])
    expect([3, 4, 5].map((at) => codeOf(store, at))).toEqual(['sound', 'CHECKSUM_MISMATCH', 'CHECKSUM_MISMATCH'])
  })
})

describe('checksum algorithms', () => {
  test('a block keeps the one it was written with', async () => {
    const fs = await settledStore()
    const { store } = await openOn(fs, { checksum: 'crc32' })
    await commit(store, { blocks: { 1: 'crc' } })
    await store.close({})
    const { store: next } = await openOn(fs)
    const seen = [1, 2].map((at) => next.blockInfo(blockNo(at)))
    expect(seen).toMatchObject([
      { algorithm: 'crc32', version: 2 },
      { algorithm: 'xxh64', version: 1 },
    ])
    expect(bytesAt(next, 1)).toBe(blockOf('crc'))
    next.abandon()
    await flip(fs, fileNames.home, 4096 + 7)
    await expect(openOn(fs)).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH', details: { blockNo: 1 } })
  })

  test('one that is not known is said so, and is no mismatch', async () => {
    const fs = await settledStore()
    await nameUnknownAlgorithm(fs, blockNo(3))
    await expect(openOn(fs)).rejects.toMatchObject({ code: 'ALGORITHM_MISMATCH', details: { blockNo: 3 } })
    const { store, report } = await openOn(fs, { onCorruption: 'report' })
    expect(report.damaged).toMatchObject([{ blockNo: 3, code: 'ALGORITHM_MISMATCH' }])
    expect([2, 3].map((at) => codeOf(store, at))).toEqual(['sound', 'ALGORITHM_MISMATCH'])
    expect(() => store.blockInfo(blockNo(3))).toThrow(expect.objectContaining({ code: 'ALGORITHM_MISMATCH' }))
  })
})

/** As a later version would leave the table: whole in every other respect. */
async function nameUnknownAlgorithm(fs: MemoryFs, at: BlockNo): Promise<void> {
  const file = await fs.open(fileNames.header, { create: false })
  const header = newestOf(readHeader(file))
  if (header === undefined) throw new Error('the store has a header')
  const { table } = BlockTable.read(await fs.open(fileNames.table, { create: false }), header)
  const entry = table.get(at)
  if (entry === undefined) throw new Error(`block ${at} has an entry`)
  table.set(at, { ...entry, algorithmId: 9 })
  const tableGeneration = header.tableGeneration + 1
  table.writeDirty(tableGeneration)
  await new HeaderFile(file, header, 0).write({ tableGeneration, tableHash: table.hash() })
}
