/** Node's way to a database by its name, to open it or to remove it. */
import type { Database, OpenOptions } from './api.ts'
import { directoryPlace } from './effects/directory-place.ts'
import { memoryPlace, type Place } from './effects/place.ts'
import { DatabaseError } from './errors.ts'
import { openAt } from './open-at.ts'
import { assertName, type Settings, settingsOf } from './options.ts'

/**
 * Opens the database `name`, made if there is none. Resolves when it leads, or follows whoever does.
 * @throws INVALID_NAME, INVALID_OPTIONS, NOT_SUPPORTED, STORE_LOCKED, LEADER_UNRESPONSIVE, ABORTED,
 *   and what the store meets when it is recovered
 */
export async function open(name: string, options: OpenOptions = {}): Promise<Database> {
  assertName(name)
  return openAt(await placeFor(name, settingsOf(options)), name, options)
}

/**
 * Removes the database `name`. The file `lease` stays, so that two openers can never hold two of them.
 * The types are those of the browser's entry too: `worker` says nothing here.
 * @throws INVALID_NAME, INVALID_OPTIONS, STORE_LOCKED while it is open, STORAGE_FAILED
 */
export async function destroy(name: string, options: Pick<OpenOptions, 'storage' | 'worker'> = {}): Promise<void> {
  assertName(name)
  await (await placeFor(name, settingsOf(options))).destroy()
}

async function placeFor(name: string, { medium, base, mayBeNetwork }: Settings): Promise<Place> {
  if (medium === 'memory') return memoryPlace()
  if (medium === 'auto' || medium === 'fs') return directoryPlace({ base, mayBeNetwork }, name)
  throw new DatabaseError('NOT_SUPPORTED', `storage "${medium}" is a browser's; use "fs" or "memory" here`, {
    details: { kind: medium },
  })
}
