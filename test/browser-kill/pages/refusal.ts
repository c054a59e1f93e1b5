/** With what an open is refused, and what it leaves behind. */
import { isDatabaseError, open, type OpenOptions } from '../../../src/browser.ts'
import { newWorker } from './new-worker.ts'

export interface Refusal {
  readonly code: string
  readonly message: string
  readonly made: { readonly databases: readonly string[]; readonly directories: readonly string[] }
}

/** With what an open is refused, and what lies on the disk then. */
export async function refusal(name: string, options: OpenOptions): Promise<Refusal> {
  const error = await open(name, { worker: newWorker, ...options }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isDatabaseError(error)) throw new Error(`${name} was not refused: ${String(error)}`)
  const databases = (await indexedDB.databases()).map(({ name: one }) => one ?? '')
  const root = await navigator.storage.getDirectory()
  const all = await root.getDirectoryHandle('datasync', { create: true })
  const directories: string[] = []
  for await (const one of all.keys()) directories.push(one)
  return { code: error.code, message: error.message, made: { databases, directories } }
}
