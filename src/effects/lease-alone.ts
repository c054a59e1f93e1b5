/**
 * Where the browser has no Web Locks, nothing is asked for: a member that has heard no leader for the time of a lease takes over, by the
 * epoch alone. Only a medium that fences allows that, and only IndexedDB is there without a secure context.
 */
import { epoch } from '../units.ts'
import type { LeaderLock } from './leader-lock.ts'

export function leaseAlone(mayRob: () => Promise<boolean>): LeaderLock {
  return {
    request: () => () => undefined,
    async steal(listener, isStillSilent) {
      if (!(await mayRob())) return false
      if (!listener.isWanted() || !isStillSilent()) return true
      listener.held({
        notedEpoch: epoch(0),
        note: () => undefined,
        lockHome: () => undefined,
        release: () => undefined,
      })
      return true
    },
    nudge: () => undefined,
  }
}
