/** Opens a database in a given place, whatever the platform. */
import type { Led, OpenOptions } from './api.ts'
import { systemClock } from './effects/clock.ts'
import type { Place } from './effects/place.ts'
import type { Clock } from './effects/ports.ts'
import { aborted } from './effects/request-queue.ts'
import { Life } from './life.ts'
import { Member } from './member.ts'
import { settingsOf } from './options.ts'

/** Opens the database that lies in `place`. Tests put a simulated medium and time under the whole database here. */
export async function openAt(
  place: Place,
  name: string,
  options: OpenOptions = {},
  clock: Clock = systemClock,
): Promise<Led> {
  const settings = settingsOf(options)
  if (options.signal?.aborted === true) throw aborted(options.signal)
  const given = { name, settings, options, clock }
  const { shared: sharing } = place
  if (sharing === undefined) return new Life(place, given).begin()
  return new Member({ place, sharing, transport: await sharing.openTransport() }, given).begin()
}
