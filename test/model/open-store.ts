/** The store under test, opened so that its files stay small and its names and times are the same in every run. */
import type { BlockStore } from '../../src/storage/block-store.ts'
import { loadChecksums } from '../../src/storage/checksum.ts'
import type { FileSystem } from '../../src/storage/file-system.ts'
import { openFileStore } from '../../src/storage/recover.ts'

export type OpenStore = (fileSystem: FileSystem) => Promise<BlockStore>

export const storeOptions = {
  storeId: '000102030405060708090a0b0c0d0e0f',
  blockSize: 4096,
  checksum: 'xxh64',
  verify: 'none',
  onCorruption: 'fail',
  homeChanged: 'fail',
  segmentBytes: 24 * 1024,
  checkpointBytes: 64 * 1024,
  cacheBytes: 4096,
} as const

export const openStore: OpenStore = async (fileSystem) => {
  await loadChecksums()
  return (await openFileStore(fileSystem, storeOptions)).store
}
