/** The end of a store in the origin private file system: its directory, with all that is in it. */
import { DatabaseError } from '../../errors.ts'
import { errorName } from './opfs-errors.ts'

/** A directory that is not there, and a platform that has none, are no errors. @throws STORE_LOCKED, STORAGE_FAILED */
export async function removeOpfs(name: string): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory()
    const all = await root.getDirectoryHandle('datasync')
    await all.removeEntry(name, { recursive: true })
  } catch (cause) {
    const why = errorName(cause)
    if (why === 'NotFoundError' || why === 'SecurityError' || why === 'TypeError') return
    const code = why === 'NoModificationAllowedError' ? 'STORE_LOCKED' : 'STORAGE_FAILED'
    throw new DatabaseError(code, `opfs:datasync/${name} could not be removed: ${why}`, { cause, details: { name } })
  }
}
