/** The contract of a block store, kept by IndexedDB. */
import { contractOfBlockStore } from '../contract/block-store.ts'
import { IdbWorld } from './medium.ts'

const mediumOver = (more = {}) => {
  const world = new IdbWorld()
  return { open: async () => (await world.open(more)).store, dispose: async () => undefined }
}

contractOfBlockStore('IndexedDB', async () => mediumOver())
contractOfBlockStore('IndexedDB, crc32, chunks of 64 KiB', async () =>
  mediumOver({ checksum: 'crc32', chunkBytes: 64 * 1024 }),
)
