/** One contract, every medium. Those of browsers are under test/browser. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { MemoryFs } from '../../src/storage/media/memory-fs.ts'
import { openNodeFs } from '../../src/storage/media/node-fs.ts'
import { contractOfBlockStore } from './block-store.ts'
import { mediumOver } from './file-medium.ts'
import { contractOfFileSystem } from './file-system.ts'

contractOfBlockStore('memory', async () => mediumOver(new MemoryFs()))
contractOfBlockStore('memory, crc32, a cache of one block', async () =>
  mediumOver(new MemoryFs(), { checksum: 'crc32', cacheBytes: 4096 }),
)
contractOfBlockStore('node:fs', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'datasync-contract-'))
  return mediumOver(openNodeFs(directory), {}, async () => rmSync(directory, { recursive: true, force: true }))
})

contractOfFileSystem('memory', async () => ({ fs: new MemoryFs(), remove: async () => {} }))
contractOfFileSystem('node:fs', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'datasync-files-'))
  return { fs: openNodeFs(directory), remove: async () => rmSync(directory, { recursive: true, force: true }) }
})
