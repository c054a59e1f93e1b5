/** Finds a database by its name, to open it or to remove it. */
import type { Database, OpenOptions } from './api.ts'
import { systemClock } from './effects/clock.ts'
import { directoryPlace, memoryPlace, type Place } from './effects/place.ts'
import type { Clock } from './effects/ports.ts'
import { aborted } from './effects/request-queue.ts'
import { Life } from './life.ts'
import { assertName, type Settings, settingsOf } from './options.ts'

/**
 * Opens the database `name`, made if there is none. Resolves when it leads: nobody else can write it until it is closed.
 * @throws INVALID_NAME, INVALID_OPTIONS, NOT_SUPPORTED, STORE_LOCKED, ABORTED, and what the store meets when it is recovered
 */
export async function open(name: string, options: OpenOptions = {}): Promise<Database> {
  assertName(name)
  return openAt(placeFor(name, settingsOf(options)), name, options)
}

/** The same in a place and a time of the caller's: how tests put a simulated medium under the whole database. */
export async function openAt(
  place: Place,
  name: string,
  options: OpenOptions = {},
  clock: Clock = systemClock,
): Promise<Database> {
  const settings = settingsOf(options)
  if (options.signal?.aborted === true) throw aborted(options.signal)
  return new Life(place, { name, settings, options, clock }).begin()
}

/**
 * Removes the database `name`. The file `lease` stays, so that two openers can never hold two of them.
 * @throws INVALID_NAME, INVALID_OPTIONS, STORE_LOCKED while it is open, STORAGE_FAILED
 */
export async function destroy(name: string, options: Pick<OpenOptions, 'storage'> = {}): Promise<void> {
  assertName(name)
  const held = await placeFor(name, settingsOf(options)).acquire()
  try {
    await held.destroy()
  } finally {
    held.release()
  }
}

const placeFor = (name: string, { medium, base }: Settings): Place =>
  medium === 'memory' ? memoryPlace() : directoryPlace(base, name)
