/** The contract of a block store, kept by Chromium's own IndexedDB. */
import { destroyDatabase, openConnection } from '../../src/storage/indexeddb/connection.ts'
import { type IndexedDbOptions, indexedDbSession } from '../../src/storage/indexeddb/session.ts'
import { runSession } from '../../src/storage/recover.ts'
import { contractOfBlockStore } from '../contract/block-store.ts'
import type { Medium } from '../contract/medium.ts'

const options: IndexedDbOptions = {
  storeId: '00112233445566778899aabbccddeeff',
  blockSize: 4096,
  checksum: 'xxh64',
  verify: 'full',
  onCorruption: 'fail',
  homeChanged: 'fail',
  checkpointBytes: 256 * 1024,
  checkpointStepBytes: 32 * 1024,
}

let count = 0

function mediumWith(more: Partial<IndexedDbOptions> = {}): Medium {
  const all = { ...options, ...more }
  const name = `contract-${++count}`
  return {
    async open() {
      const connection = await openConnection(name, { factory: indexedDB })
      return (await runSession(indexedDbSession(connection, all), all)).store
    },
    dispose: () => destroyDatabase(name, { factory: indexedDB }),
  }
}

contractOfBlockStore('IndexedDB in Chromium', async () => mediumWith())
contractOfBlockStore('IndexedDB in Chromium, chunks of 64 KiB', async () => mediumWith({ chunkBytes: 64 * 1024 }))
