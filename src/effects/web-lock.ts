/**
 * The leader's lock in browsers: an exclusive Web Lock. Members wait for it in the browser's own queue; it is free the moment its
 * holder is gone, and stays with a holder that is frozen, from whom it can be stolen.
 *
 * A holder that was robbed is told when it runs again. Safety does not rest on that but on the epoch.
 */
import { type Epoch, epoch } from '../units.ts'
import type { LeaderLock, LockListener } from './leader-lock.ts'
import type { Lease } from './lease.ts'
import { lockNameOf, lockRefusal, platformLocks, unsupportedLocks } from './web-lease.ts'
import { withResolvers } from './with-resolvers.ts'

/** `mayRob`: whether the database lies on a medium that refuses a writer whose epoch is over. */
export function webLock(name: string, mayRob: () => Promise<boolean>, locks = platformLocks()): LeaderLock {
  return {
    request(listener) {
      const stop = new AbortController()
      if (locks === undefined) listener.refused(unsupportedLocks(name))
      else hold(name, locks, { signal: stop.signal }, listener)
      return () => stop.abort()
    },
    async steal(listener, isStillSilent) {
      if (locks === undefined || !(await mayRob())) return false
      // Meanwhile it may have become ours: nobody robs himself. Or somebody who is well has it.
      if (listener.isWanted() && isStillSilent()) hold(name, locks, { steal: true }, listener)
      return true
    },
    nudge: () => undefined,
  }
}

/** Asks once. The lock is held until its lease is released. */
function hold(name: string, locks: LockManager, how: LockOptions, listener: LockListener): void {
  const released = withResolvers<void>()
  const state = { isHeld: false, isReleased: false }
  const request = locks.request(lockNameOf(name), { mode: 'exclusive', ...how }, () => {
    // Withdrawn at the moment when it was granted: let go at once.
    if (how.signal?.aborted === true) return undefined
    state.isHeld = true
    listener.held(
      leaseOf(() => {
        state.isReleased = true
        released.resolve()
        return ended
      }),
    )
    return released.promise
  })
  const ended = request.then(
    () => undefined,
    (error: unknown) => {
      if (how.signal?.aborted === true && !state.isHeld) return
      if (!state.isHeld) listener.refused(lockRefusal(name, error))
      else if (!state.isReleased) listener.lost()
    },
  )
}

const leaseOf = (release: () => Promise<void>): Lease => ({
  notedEpoch: epoch(0),
  note: (_: Epoch) => undefined,
  lockHome: () => undefined,
  release,
})
