/** Corruption of the log and of the block table, and its modes. */
import { describe, expect, test } from 'vitest'
import { fileNames } from '../../../src/storage/format.ts'
import { MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import { blockNo } from '../../../src/units.ts'
import { blockOf, bytesAt, commit } from '../../contract/groups.ts'
import {
  bytesOf,
  codeOf,
  crashedLog,
  crashedStore,
  flip,
  imageOfAll,
  openOn,
  put,
  recordAt,
  settledStore,
} from './stores.ts'

describe('damage in the log before its durable end', () => {
  const metaAt = recordAt(2) + 30
  const imageAt = recordAt(2) + 3000

  test.each([metaAt, imageAt])('fail: LOG_CORRUPT, and only the epoch was written (byte %i)', async (at) => {
    const fs = await crashedStore()
    await flip(fs, crashedLog, at)
    const before = await imageOfAll(fs)
    await expect(openOn(fs)).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    const after = await imageOfAll(fs)
    expect([...after].filter(([name, bytes]) => before.get(name) !== bytes).map(([name]) => name)).toEqual([
      fileNames.header,
    ])
  })

  test.each(['report', 'repair'] as const)(
    '%s: what was before it is kept, the rest is put aside',
    async (onCorruption) => {
      const fs = await crashedStore()
      await flip(fs, crashedLog, metaAt)
      const damaged = (await bytesOf(fs, crashedLog)).slice(recordAt(2))
      const { store, report } = await openOn(fs, { onCorruption })
      expect(report).toMatchObject({
        recoveredTxid: 1,
        logDamage: { file: crashedLog, at: recordAt(2), fromTxid: 2, toTxid: 4 },
        quarantined: [{ file: 'quarantine-1', from: crashedLog, at: recordAt(2) }],
      })
      expect(await bytesOf(fs, 'quarantine-1')).toEqual(damaged)
      expect(bytesAt(store, 1)).toBe(blockOf('v1'))
      expect(store.sizeBlocks).toBe(2)
      await commit(store, { blocks: { 2: 'new' } })
      store.abandon()
      const again = await openOn(fs)
      expect(again.report).toMatchObject({ recoveredTxid: 2, logDamage: undefined, quarantined: [] })
      expect(bytesAt(again.store, 2)).toBe(blockOf('new'))
    },
  )

  test('report: a damaged image takes its block alone, unless a later record holds it', async () => {
    const fs = await crashedStore()
    // Record 2 holds block 2, and so does record 5; record 3 holds block 0 for the last time.
    await flip(fs, crashedLog, recordAt(2) + 3000)
    await flip(fs, crashedLog, recordAt(3) + 3000)
    const { store, report } = await openOn(fs, { onCorruption: 'report' })
    expect(report).toMatchObject({ recoveredTxid: 5, logDamage: undefined, damaged: [{ blockNo: 0 }] })
    expect([0, 1, 2].map((at) => codeOf(store, at))).toEqual(['CHECKSUM_MISMATCH', 'sound', 'sound'])
    expect(bytesAt(store, 2)).toBe(blockOf('v5'))
  })
})

describe('damage in the block table', () => {
  test('one damaged slot that is not current does not matter', async () => {
    const fs = await settledStore()
    const table = await bytesOf(fs, fileNames.table)
    let opened = 0
    for (const at of [100, 4196]) {
      await put(fs, fileNames.table, table)
      await flip(fs, fileNames.table, at)
      const image = new MemoryFs()
      for (const name of await fs.list()) await put(image, name, await bytesOf(fs, name))
      opened += await openOn(image).then(
        () => 1,
        () => 0,
      )
    }
    expect(opened).toBe(1)
  })

  const damageBoth = async (fs: MemoryFs) => {
    await flip(fs, fileNames.table, 100)
    await flip(fs, fileNames.table, 4196)
  }

  test.each(['fail', 'report'] as const)('%s: TABLE_CORRUPT names the page', async (onCorruption) => {
    const fs = await settledStore()
    await damageBoth(fs)
    await expect(openOn(fs, { onCorruption })).rejects.toMatchObject({ code: 'TABLE_CORRUPT', details: { pages: [0] } })
  })

  test('repair: it is rebuilt from the home, versions go on beyond all earlier ones, and the report says so', async () => {
    const fs = await settledStore()
    await damageBoth(fs)
    const { store, report } = await openOn(fs, { onCorruption: 'repair', timeMs: 99 })
    expect(report).toMatchObject({ tablePagesRebuilt: [0], damaged: [] })
    expect([1, 5].map((at) => bytesAt(store, at))).toEqual([blockOf('v1'), blockOf('v5')])
    expect(store.blockInfo(blockNo(1))).toMatchObject({ version: 22, txid: 21, lastModifiedMs: 99 })
    store.abandon()
    expect((await openOn(fs)).report.tablePagesRebuilt).toEqual([])
  })
})
