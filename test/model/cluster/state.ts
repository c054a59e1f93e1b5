/**
 * The state of a cluster: members around one store, one lock and one channel. Small numbers throughout; sets of requests are masks, one
 * bit for each request of each member.
 */
import type { MachineId } from './leader-table.ts'

export type Life = 'runs' | 'frozen' | 'gone'
/** Of a member's own reign: there is none · the epoch is to be raised · the log is to be scanned · it was · it leads · it drains · it lets go. */
export type Phase = 'none' | 'wanted' | 'raised' | 'scanned' | 'begun' | 'drains' | 'ends'

/** What a leader works on. One at a time: whatever else was asked is still in the channel. */
export interface Job {
  readonly client: number
  readonly no: number
  /** runs: nothing is written · written: not confirmed · answerable: what is left is to say so. */
  readonly step: 'runs' | 'written' | 'answerable'
  /** Found in the table of outcomes. */
  readonly isKnown: boolean
}

export interface Member {
  life: Life
  machine: MachineId
  /** Waits in the lock's queue. */
  asksLock: boolean
  /** The lock is its own and it has not heard so: it stands still. */
  isGranted: boolean
  /** Robbing is wanted and not done. Only where that takes a step of its own. */
  isRobbing: boolean
  /** The lock was taken from it and it has not heard so. */
  isRobbed: boolean

  seeks: boolean
  /** Whom it follows, or -1. */
  leader: number
  /** The last beat it has heard of that one. */
  heard: number
  /** What it has sent over this connection, where connections keep the order. */
  sent: number

  phase: Phase
  /** Of its own reign. */
  epoch: number
  /** Commits that its database holds, and requests whose outcome it knows. */
  view: number
  table: number
  /** Raised whenever it has stood still. */
  beat: number
  isStalled: boolean
  /** What was acknowledged to anybody when it last went on; kept where reads are plain. */
  owes: number
  job: Job | null

  /** Requests that were asked for so far. */
  issued: number
  /** Those of them that only read. */
  reads: number
  waits: number
  gaveUp: number
  /** Commits that its readers have seen. */
  seen: number
  /** What its waiting read has to show: everything that was acknowledged to anybody when it was asked. */
  owed: number
}

export type Message =
  | ({ readonly kind: 'ask'; readonly from: number; readonly to: number; readonly no: number } & Stamp)
  /** view: what a read shows; 0 for a write. */
  | ({
      readonly kind: 'answer'
      readonly from: number
      readonly to: number
      readonly no: number
      readonly view: number
    } & Stamp)
  | ({ readonly kind: 'again'; readonly from: number; readonly to: number; readonly no: number } & Stamp)

interface Stamp {
  readonly epoch: number
  readonly beat: number
}

export interface Cluster {
  members: Member[]
  /** In the order of sending. */
  messages: Message[]
  /** Who has the lock, or -1. */
  holder: number
  /** On the medium. */
  storeEpoch: number
  /** The highest epoch that has scanned the log: an append of a lower one is void from then on. */
  scannedEpoch: number
  log: number
  /** Of the log's last record. */
  logEpoch: number
  /** Told to those who asked. */
  acked: number
  /** How many more faults may happen. */
  faultsLeft: number
  /** How many more beats one clock may gain on the others. */
  gainLeft: number
}

/** The bit of a member's request. */
export const bitOf = (member: number, no: number, perMember: number): number => 1 << (member * perMember + no)

export function memberOf({ members }: Cluster, index: number): Member {
  const member = members[index]
  if (member === undefined) throw new Error(`there is no member ${index}`)
  return member
}

/** A copy to be changed. */
export const copyOf = (cluster: Cluster): Cluster => ({
  ...cluster,
  members: cluster.members.map((member) => ({ ...member })),
  messages: [...cluster.messages],
})
