/** A browser's databases in this thread: in a worker, or in a window with `worker: false`. */
import type { Led, OpenOptions } from './api.ts'
import { browserPlace } from './effects/browser-places.ts'
import { memoryPlace, type Place } from './effects/place.ts'
import { DatabaseError } from './errors.ts'
import { openAt } from './open-at.ts'
import { type Settings, settingsOf } from './options.ts'
import { assertWebAssembly } from './vfs/web-assembly.ts'

/** @throws what browser.ts says of `open` */
export async function openHere(name: string, options: OpenOptions): Promise<Led> {
  const settings = settingsOf(options)
  assertWebAssembly()
  return openAt(placeFor(name, settings), name, { ...options, ...(await wasmOf(options)) })
}

/** @throws what browser.ts says of `destroy` */
export async function destroyHere(name: string, options: Pick<OpenOptions, 'storage'>): Promise<void> {
  await placeFor(name, settingsOf(options)).destroy()
}

function placeFor(name: string, { medium, recovery }: Settings): Place {
  if (medium === 'memory') return memoryPlace()
  if (medium !== 'fs') return browserPlace(name, { medium, whenLost: recovery.onLost })
  throw new DatabaseError(
    'NOT_SUPPORTED',
    'storage "fs" is Node\'s; use "auto", "opfs", "indexeddb" or "memory" here',
    {
      details: { kind: medium },
    },
  )
}

async function wasmOf({ wasmBinary, wasmUrl }: OpenOptions): Promise<Pick<OpenOptions, 'wasmBinary'>> {
  if (wasmBinary !== undefined || wasmUrl === undefined) return {}
  const response = await fetch(wasmUrl)
  if (!response.ok) throw new DatabaseError('NOT_SUPPORTED', `${wasmUrl} cannot be loaded: status ${response.status}`)
  return { wasmBinary: new Uint8Array(await response.arrayBuffer()) }
}
