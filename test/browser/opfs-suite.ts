/** What is tested in a worker on the real origin private file system. Read by the page for its names, by the worker for its bodies. */
import { openOpfs } from '../../src/storage/media/opfs-fs.ts'
import { contractOfBlockStore } from '../contract/block-store.ts'
import { mediumOver } from '../contract/file-medium.ts'
import type { Runner } from '../contract/runner.ts'

let made = 0
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export function opfsSuite(runner: Runner): void {
  contractOfBlockStore(
    'OPFS',
    async () => {
      const name = `contract-${++made}`
      return mediumOver(await openOpfs(name, { pause }), {}, () => removeDirectory(name))
    },
    runner,
  )
}

/** Fails while a handle of the store is open: each test has closed what it opened. */
async function removeDirectory(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory()
  await (await root.getDirectoryHandle('datasync')).removeEntry(name, { recursive: true })
}
