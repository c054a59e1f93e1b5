/**
 * The leader's lock in Node: the lease of the database's directory. The system tells nobody that it is free, so it is tried: at once
 * when the leader's connection has ended, and now and then. It is never taken from a holder that lives, even one that is stopped.
 */
import { isDatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { LeaderLock, LockListener } from './leader-lock.ts'
import { type Lease, tryLease } from './lease.ts'
import type { Clock } from './ports.ts'

export function fileLock(directory: string, clock: Clock): LeaderLock {
  let attempts: Attempts | undefined
  return {
    request(listener) {
      const mine = new Attempts(directory, clock, listener)
      attempts = mine
      mine.try()
      return () => mine.stop()
    },
    steal: () => Promise.resolve(false),
    nudge: () => attempts?.hurry(),
  }
}

class Attempts {
  readonly #directory: string
  readonly #clock: Clock
  readonly #listener: LockListener
  #cancel: () => void = () => undefined
  #isOver = false
  #hurriesUntilMs = 0
  /** Since when the lease was free and the home was not. */
  #busySinceMs: number | undefined

  constructor(directory: string, clock: Clock, listener: LockListener) {
    this.#directory = directory
    this.#clock = clock
    this.#listener = listener
  }

  try(): void {
    this.#cancel()
    if (this.#isOver) return
    const outcome = this.#attempt()
    if (outcome === undefined) {
      const isHurried = this.#clock.now() < this.#hurriesUntilMs
      this.#cancel = this.#clock.after(isHurried ? limits.lockHurryMs : limits.lockRetryMs, () => this.try())
      return
    }
    this.#isOver = true
    if ('error' in outcome) this.#listener.refused(outcome.error)
    else this.#listener.held(outcome.lease)
  }

  /** Now, and often for a while: the holder lets go, or has. */
  hurry(): void {
    this.#hurriesUntilMs = this.#clock.now() + limits.leaseMs
    this.try()
  }

  stop(): void {
    this.#isOver = true
    this.#cancel()
  }

  /** Undefined: not now. */
  #attempt(): { readonly lease: Lease } | { readonly error: unknown } | undefined {
    try {
      const lease = tryLease(this.#directory)
      this.#busySinceMs = undefined
      return 'release' in lease ? { lease } : undefined
    } catch (error) {
      return this.#mayPass(error) ? undefined : { error }
    }
  }

  /** A process that is killed lets go of its files one after another: the home may be busy for a moment after the lease is free. */
  #mayPass(error: unknown): boolean {
    if (!isDatabaseError(error, 'STORE_LOCKED')) return false
    this.#busySinceMs ??= this.#clock.now()
    return this.#clock.now() - this.#busySinceMs < limits.homeBusyMs
  }
}
