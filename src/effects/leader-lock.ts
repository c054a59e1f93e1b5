/**
 * The lock that says who should lead. It serves progress: a member that has it begins a reign, and the others wait for theirs. Who may
 * write, the epoch says.
 */
import type { Lease } from './lease.ts'

export interface LockListener {
  /** Whether anybody still wants it: it may have been had in another way, or not be needed any more. */
  isWanted(): boolean
  /** It is ours, in the lock's own callback where there is one. */
  held(lease: Lease): void
  /** It cannot be asked for. */
  refused(error: unknown): void
  /** It was taken from us while we held it. */
  lost(): void
}

export interface LeaderLock {
  /** Asks until it is held, refused or withdrawn; what comes after a withdrawal is let go unheard. Returns how to withdraw. */
  request(listener: LockListener): () => void
  /**
   * Takes it from a holder that is silent, unless it or another one was heard while that was looked into. Resolves to whether that is
   * possible here; the listener hears of it like of any other.
   */
  steal(listener: LockListener, isStillSilent: () => boolean): Promise<boolean>
  /** The holder may just have gone: worth trying now, where trying is all one can do. */
  nudge(): void
}
