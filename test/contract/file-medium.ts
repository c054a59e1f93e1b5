/** A store of files as the contract opens it: segments small enough that every test runs through several. */
import type { BlockStore } from '../../src/storage/block-store.ts'
import type { FileSystem } from '../../src/storage/file-system.ts'
import { openFileStore } from '../../src/storage/recover.ts'
import type { StoreOptions } from '../../src/storage/recovery-state.ts'
import type { Medium } from './medium.ts'

export const contractOptions: StoreOptions = {
  storeId: '00112233445566778899aabbccddeeff',
  blockSize: 4096,
  checksum: 'xxh64',
  verify: 'full',
  onCorruption: 'fail',
  homeChanged: 'fail',
  segmentBytes: 128 * 1024,
  checkpointBytes: 256 * 1024,
  checkpointStepBytes: 32 * 1024,
}

/** `remove` removes the files, when no store holds them any more. */
export function mediumOver(fs: FileSystem, more: Partial<StoreOptions> = {}, remove = async () => {}): Medium {
  const opened: BlockStore[] = []
  return {
    async open() {
      const { store } = await openFileStore(fs, { ...contractOptions, ...more })
      opened.push(store)
      return store
    },
    async dispose() {
      for (const store of opened) store.abandon()
      await remove()
    },
  }
}
