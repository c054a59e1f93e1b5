/** The end of a store of files. */
import type { FileSystem } from './file-system.ts'

/** Removes what a store is made of. The header goes last: cut short, it is still a store, to be destroyed again. */
export async function destroyFiles(fs: FileSystem): Promise<void> {
  const files = (await fs.list()).filter((file) =>
    /^(log-\d+|quarantine-\d+|blocks\.meta|database\.sqlite)$/.test(file),
  )
  for (const file of files) await fs.remove(file)
  await fs.flushNames()
  await fs.remove('header')
  await fs.flushNames()
}
