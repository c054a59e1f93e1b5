/** One contract, every medium. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { FileSystem } from '../../src/storage/file-system.ts'
import { MemoryFs } from '../../src/storage/media/memory-fs.ts'
import { openNodeFs } from '../../src/storage/media/node-fs.ts'
import { openFileStore } from '../../src/storage/recover.ts'
import type { StoreOptions } from '../../src/storage/recovery-state.ts'
import { contractOfBlockStore } from './block-store.ts'
import type { Medium } from './medium.ts'

const options: StoreOptions = {
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

const mediumOver = (fs: FileSystem, more: Partial<StoreOptions> = {}, dispose = async () => {}): Medium => ({
  open: async () => (await openFileStore(fs, { ...options, ...more })).store,
  dispose,
})

contractOfBlockStore('memory', async () => mediumOver(new MemoryFs()))
contractOfBlockStore('memory, crc32, a cache of one block', async () =>
  mediumOver(new MemoryFs(), { checksum: 'crc32', cacheBytes: 4096 }),
)
contractOfBlockStore('node:fs', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'datasync-contract-'))
  return mediumOver(openNodeFs(directory), {}, async () => rmSync(directory, { recursive: true, force: true }))
})
