/** The contract of a block store, kept by Chromium's own IndexedDB: in one run over LevelDB, in another over SQLite. */
import { expect, inject, test } from 'vitest'
import { commands } from 'vitest/browser'
import { destroyDatabase, openConnection } from '../../src/storage/indexeddb/connection.ts'
import { type IndexedDbOptions, indexedDbSession } from '../../src/storage/indexeddb/session.ts'
import { runSession } from '../../src/storage/recover.ts'
import type { IndexedDbBackend } from '../browser-kill/profile.ts'
import { contractOfBlockStore } from '../contract/block-store.ts'
import type { Medium } from '../contract/medium.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What the Chromium of this run has to keep IndexedDB in. */
    readonly backend: IndexedDbBackend
  }
}
declare module 'vitest/browser' {
  interface BrowserCommands {
    /** By the files that are there by now. */
    backendOfProfile(): Promise<IndexedDbBackend | undefined>
  }
}

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

test('the databases of this browser lie in the backend that was asked for', async () => {
  const connection = await openConnection('backend', { factory: indexedDB })
  expect(await commands.backendOfProfile()).toBe(inject('backend'))
  connection.close()
  await destroyDatabase('backend', { factory: indexedDB })
})
