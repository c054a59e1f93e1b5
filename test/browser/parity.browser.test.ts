/** The parity table in a browser: the machine that ships, simulated time, and what arrived in Chromium's own IndexedDB. */
import { expect, onTestFinished, test } from 'vitest'
import { destroyDatabase, openConnection } from '../../src/storage/indexeddb/connection.ts'
import { readLogKeys, readRecord } from '../../src/storage/indexeddb/log-reader.ts'
import { type IndexedDbOptions, indexedDbSession } from '../../src/storage/indexeddb/session.ts'
import { runSession } from '../../src/storage/recover.ts'
import { arrivalsOf, type LookedAt, playOnMedium } from '../model/autosync-medium.ts'
import { parityRows } from '../model/autosync-parity.ts'
import { play } from '../model/autosync-script.ts'

const options: IndexedDbOptions = {
  storeId: '00112233445566778899aabbccddeeff',
  blockSize: 4096,
  checksum: 'xxh64',
  verify: 'none',
  onCorruption: 'fail',
  homeChanged: 'fail',
}

/** A store, and a connection beside it that looks at what it wrote. */
async function openLookedAt(name: string): Promise<LookedAt> {
  const factory = indexedDB
  const { store } = await runSession(indexedDbSession(await openConnection(name, { factory }), options), options)
  const beside = await openConnection(name, { factory })
  onTestFinished(async () => {
    store.abandon()
    beside.close()
    await destroyDatabase(name, { factory })
  })
  return {
    store,
    async lastOnMedium() {
      const last = (await readLogKeys(beside)).records.at(-1)
      if (last === undefined) return 0
      const { decoded } = await readRecord(beside, last, options.storeId)
      if (decoded.kind !== 'whole') throw new Error(`the last record is ${decoded.kind}`)
      return decoded.record.lastTxid
    },
  }
}

test.each(parityRows)('decided: $name', (row) => {
  expect(play(row).flushes).toEqual(row.flushes)
})

test.each(parityRows)('on the medium: $name', async (row) => {
  const medium = await openLookedAt(`parity-${parityRows.indexOf(row)}`)
  expect(await playOnMedium(row, medium)).toEqual(arrivalsOf(row))
})
