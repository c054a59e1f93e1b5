/** The real origin private file system, without our own code. */
import type { OpfsDirectory, SyncAccessHandle } from '../../src/storage/media/opfs-handles.ts'

/** The directory in which the store `name` lies, made if it is not there. */
export async function directoryOf(name: string): Promise<OpfsDirectory> {
  const root: OpfsDirectory = await navigator.storage.getDirectory()
  return (await root.getDirectoryHandle('datasync', { create: true })).getDirectoryHandle(name, { create: true })
}

/** A handle as a page holds it that has not gone yet. */
export async function rivalHandle(name: string, file: string): Promise<SyncAccessHandle> {
  const handle = await (
    await (await directoryOf(name)).getFileHandle(file, { create: true })
  ).createSyncAccessHandle?.()
  if (handle === undefined) throw new Error('this test runs in a dedicated worker')
  return handle
}

export async function removeStore(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory()
  await (await root.getDirectoryHandle('datasync')).removeEntry(name, { recursive: true })
}
