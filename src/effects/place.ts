/** Where a store lies: its medium, and the right to be the only one who opens it. */
import type { DatabaseError } from '../errors.ts'
import type { Status } from '../events.ts'
import { destroyFiles } from '../storage/destroy-files.ts'
import { MemoryFs } from '../storage/media/memory-fs.ts'
import { type RecoverySession, recoverySession } from '../storage/recover.ts'
import type { StoreOptions } from '../storage/recovery-state.ts'
import { type Epoch, epoch, type Txid } from '../units.ts'
import type { Transport } from '../wire/transport.ts'
import type { LeaderLock } from './leader-lock.ts'
import type { Lease } from './lease.ts'

export interface Place {
  readonly medium: Status['medium']
  /** For messages and `status$`. */
  readonly location: string
  /** How others may have it open at the same time; absent: nobody else can. */
  readonly shared?: Sharing
  /** Waits for nobody. @throws STORE_LOCKED with the holder's process */
  acquire(): Promise<HeldPlace>
  /** Removes the store. Cut short, it is still this store, to be destroyed again. @throws STORE_LOCKED, STORAGE_FAILED */
  destroy(): Promise<void>
}

/** One leads, and the others use the database through it. */
export interface Sharing {
  readonly lock: LeaderLock
  openTransport(): Promise<Transport>
  /** Who has the lock, as far as that is noted anywhere: for messages. */
  holder?(): { readonly pid?: number }
  /**
   * The place, once the lock is held. `followed`: where the leader had it that was followed until now, which is not asked again. A failure
   * lets go of the lease.
   */
  hold(lease: Lease, followed?: Where): Promise<HeldPlace>
}

/** Where a store lies after all, and why there. */
export interface Where {
  readonly medium: Status['medium']
  readonly why: string
}

export interface HeldPlace extends Lease {
  /** Absent: there was no choice. */
  readonly where?: Where
  /** `isHandedOver`: another one waits for the place, and will note what is durable. */
  release(how?: { readonly isHandedOver: boolean }): void | Promise<void>
  /** Told what is durable, where a witness of it is kept. */
  noteDurable?(position: { readonly epoch: Epoch; readonly durableTxid: Txid }): void
  /** `tell` is called if the store is seen to be gone while nobody asks it for anything. */
  onLost?(tell: (error: DatabaseError) => void): void
  /** The recovery of the store that lies here, or the making of one. */
  session(options: StoreOptions): RecoverySession
}

/** A store that ends with its process; each open has one of its own. */
export function memoryPlace(): Place {
  const fs = new MemoryFs()
  const acquire = async (): Promise<HeldPlace> => ({
    session: (options) => recoverySession(fs, options),
    notedEpoch: epoch(0),
    note: (_: Epoch) => undefined,
    lockHome: () => undefined,
    release: () => undefined,
  })
  return { medium: 'memory', location: 'memory', acquire, destroy: () => destroyFiles(fs) }
}
