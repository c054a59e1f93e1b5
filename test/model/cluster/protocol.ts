/** How the members behave, and how far the walk goes. Each defence is a switch, so that a test can take it out. */
import { leaderMachine } from '../../../src/machines/leader.ts'

export interface Protocol {
  readonly machine: typeof leaderMachine
  /**
   * indexeddb: a commit checks the epoch and appends in one transaction, and a silent holder of the lock can be robbed. files: append,
   * barrier, then the epoch is read again; the lock stays with its holder.
   */
  readonly medium: 'indexeddb' | 'files'
  /** Files only: the lock is not to be trusted, a holder that stands still loses it unheard. The epoch has to do alone. */
  readonly isLockBroken: boolean
  /** wild: loses, doubles, delays, reorders. ordered: keeps the order of a connection, and loses its end with the connection. */
  readonly channel: 'wild' | 'ordered'
  /** Before it answers, a strict read reads the epoch again; a plain one does so only if its leader has stood still. */
  readonly reads: 'strict' | 'plain'

  /** A commit looks at the epoch at all. */
  readonly checksEpoch: boolean
  /** Files: the epoch is read behind the barrier, not before it. */
  readonly confirmsLast: boolean
  /** The epoch is raised before the log is scanned and the reign begins. */
  readonly raisesFirst: boolean
  /** The table of outcomes comes with the log. */
  readonly keepsTable: boolean
  /** After it stood still, a leader reads the epoch before it answers anybody. */
  readonly confirmsAfterStall: boolean
  /** That it stood still counts from the lock on, not only from when it leads. */
  readonly countsFromLock: boolean
  /** And lets clients ask again what was stamped with an older beat. */
  readonly asksAgain: boolean
  /** A member that asks to be taken on says which epoch it knows; an older leader asks the medium then. */
  readonly joinTellsEpoch: boolean
  /** A client drops answers of older epochs than it knows. */
  readonly dropsOlder: boolean
  /** A client that hears of a raised beat asks again, in order, whatever it waits for, before anything new. */
  readonly resendsInOrder: boolean
  /** Whoever has the lock is heard by all, from the moment it has it: not only once it leads. */
  readonly acquirerBeats: boolean
  /** Robbing takes a while and goes on although somebody was heard meanwhile. */
  readonly robsLater: boolean
}

export interface ClusterBounds {
  readonly members: number
  /** What may be asked for. */
  readonly kinds: readonly ('write' | 'read')[]
  /** Requests of one member. */
  readonly perMember: number
  /** Of all members together. */
  readonly requestsMax: number
  /** Requests of one member that may wait at once. */
  readonly windowMax: number
  /** Faults in one history: freezing, crashing, closing, losing, doubling, giving up, an ended connection, a beat that did not come. */
  readonly faultsMax: number
  /** On their way between two members. */
  readonly messagesMax: number
  /** Beats of a leader that runs may fail to arrive. If not, who is robbed has stood still. */
  readonly losesBeats: boolean
  readonly missedMax: number
  readonly skew?: Skew
  /** A member that crashed may come back. */
  readonly restarts: boolean
}

/** Clocks that differ. */
export interface Skew {
  /** Of each member, no two alike: one robs after fewer beats of its own than another. */
  readonly missedMax: readonly number[]
  /** How many beats the clock of one member gains on that of whoever leads: so often it misses a beat, and it is no fault. */
  readonly gainMax: number
  /** That member, by its missedMax. */
  readonly gains: number
}

/** As it is built. */
export const shipped: Protocol = {
  machine: leaderMachine,
  medium: 'indexeddb',
  isLockBroken: false,
  channel: 'wild',
  reads: 'strict',
  checksEpoch: true,
  confirmsLast: true,
  raisesFirst: true,
  keepsTable: true,
  confirmsAfterStall: true,
  countsFromLock: true,
  asksAgain: true,
  joinTellsEpoch: true,
  dropsOlder: true,
  resendsInOrder: true,
  acquirerBeats: true,
  robsLater: false,
}
