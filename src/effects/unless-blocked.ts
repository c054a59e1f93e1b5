/**
 * IndexedDB lets a removal or an upgrade of a database wait until everybody has closed it, and every opening behind that. Whoever does
 * not close (an old tab, code that does not listen to `versionchange`) would keep them waiting for ever, and an opening hears nothing of
 * it: here it has an end.
 */
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import { systemClock } from './clock.ts'
import { within } from './within.ts'

/**
 * What `waiting` comes to. It goes on when it has been given up; `discard` gets what it comes to then.
 * @throws STORE_LOCKED
 */
export const unlessBlocked = <T>(name: string, waiting: Promise<T>, discard: (late: T) => void): Promise<T> =>
  within(waiting, {
    ms: limits.blockedMs,
    clock: systemClock,
    late() {
      waiting.then(discard, () => undefined)
      throw blocked(name)
    },
  })

const blocked = (name: string) =>
  new DatabaseError(
    'STORE_LOCKED',
    `indexeddb:${name} is to be removed or upgraded, and another page or worker keeps it open: close the other tabs of this site, then try again`,
    { details: { name }, retryable: true },
  )
