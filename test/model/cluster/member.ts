/** One member: its machine, and what is done for the machine's wishes at once. Everything here changes the cluster that it is given. */
import type { LeaderEmitted, LeaderEvent } from '../../../src/machines/leader.ts'
import { LeaderTable, type MachineView } from './leader-table.ts'
import type { ClusterBounds, Protocol } from './protocol.ts'
import { bitOf, type Cluster, type Member, memberOf } from './state.ts'

export class Members {
  readonly protocol: Protocol
  readonly bounds: ClusterBounds
  readonly #table: LeaderTable

  constructor(protocol: Protocol, bounds: ClusterBounds) {
    this.protocol = protocol
    this.bounds = bounds
    this.#table = new LeaderTable(protocol.machine)
  }

  /** Nobody leads yet, everybody has opened. */
  initial(): Cluster {
    const { members: count, missedMax, skew } = this.bounds
    const patience = skew?.missedMax ?? Array.from({ length: count }, () => missedMax)
    const members = patience.map((max) => blank(this.#table.initial(max)))
    const cluster: Cluster = {
      members,
      messages: [],
      holder: -1,
      storeEpoch: 0,
      scannedEpoch: 0,
      log: 0,
      logEpoch: 0,
      acked: 0,
      faultsLeft: this.bounds.faultsMax,
      gainLeft: skew?.gainMax ?? 0,
    }
    members.forEach((_, index) => this.tell(cluster, index, { type: 'open.requested' }))
    return cluster
  }

  view(cluster: Cluster, index: number): MachineView {
    return this.#table.view(memberOf(cluster, index).machine)
  }

  /** Its clock may gain another beat. */
  isGaining(cluster: Cluster, index: number): boolean {
    return cluster.gainLeft > 0 && this.view(cluster, index).context.missedMax === this.bounds.skew?.gains
  }

  bit(client: number, no: number): number {
    return bitOf(client, no, this.bounds.perMember)
  }

  isRead(cluster: Cluster, client: number, no: number): boolean {
    return (memberOf(cluster, client).reads & (1 << no)) !== 0
  }

  /** Whether the machine would notice. */
  isHeard(cluster: Cluster, index: number, event: LeaderEvent): boolean {
    const { machine } = memberOf(cluster, index)
    const { id, wishes } = this.#table.send(machine, event)
    return id !== machine || wishes.length > 0
  }

  tell(cluster: Cluster, index: number, event: LeaderEvent): void {
    const member = memberOf(cluster, index)
    const { id, wishes } = this.#table.send(member.machine, event)
    member.machine = id
    for (const wish of wishes) this.#do(cluster, index, wish)
    this.settle(cluster, index)
  }

  /** Tells the machine whether anybody waits; buries it when it has come to its end. */
  settle(cluster: Cluster, index: number): void {
    const member = memberOf(cluster, index)
    const { state, context } = this.#table.view(member.machine)
    if (state === 'closed' || state === 'failed') return this.bury(cluster, index, member.machine)
    const isWaiting = member.waits !== 0
    if (isWaiting !== context.isWaiting) this.tell(cluster, index, { type: 'waiting.changed', isWaiting })
  }

  /** Gone: what it waited for, nobody waits for; what was on its way to it has nowhere to go. */
  bury(cluster: Cluster, index: number, machine: number = this.#initialOf(cluster, index)): void {
    const { issued, reads, gaveUp, waits } = memberOf(cluster, index)
    cluster.members[index] = { ...blank(machine), life: 'gone', issued, reads, gaveUp: gaveUp | waits }
    cluster.messages = cluster.messages.filter(({ to }) => to !== index)
  }

  /** A crashed member comes back: with a new machine, and as a new client that knows nothing of the old one's requests. */
  canRestart(cluster: Cluster, index: number): boolean {
    const { life, machine } = memberOf(cluster, index)
    return life === 'gone' && machine === this.#initialOf(cluster, index)
  }

  /** The lock is taken from whoever has it. A member that stands still hears so later, even that it was ever its own. */
  rob(cluster: Cluster, index: number): void {
    const robbed = cluster.members[cluster.holder]
    if (robbed !== undefined && cluster.holder !== index) robbed.isRobbed = true
    cluster.holder = index
    const member = memberOf(cluster, index)
    Object.assign(member, { asksLock: false, isGranted: false, isRobbing: false })
    this.tell(cluster, index, { type: 'lock.acquired' })
  }

  /** The medium says that the epoch is over, or the lock that it is gone. */
  loseLease(cluster: Cluster, index: number): void {
    const member = memberOf(cluster, index)
    member.job = null
    if (member.phase === 'drains') {
      member.phase = 'ends'
      member.gaveUp |= member.waits
      member.waits = 0
    }
    this.tell(cluster, index, { type: 'lease.lost' })
  }

  /** Everything is let go, the lock included. */
  endReign(cluster: Cluster, index: number): void {
    if (cluster.holder === index) cluster.holder = -1
    const none = {
      phase: 'none',
      epoch: 0,
      view: 0,
      table: 0,
      beat: 0,
      isStalled: false,
      owes: 0,
      isRobbed: false,
    } as const
    Object.assign(memberOf(cluster, index), none)
    this.tell(cluster, index, { type: 'reign.ended' })
  }

  #do(cluster: Cluster, index: number, wish: LeaderEmitted): void {
    const member = memberOf(cluster, index)
    switch (wish.type) {
      case 'lock.wanted':
        member.asksLock = true
        return
      case 'lock.unwanted':
        if (member.isGranted && cluster.holder === index) cluster.holder = -1
        return void Object.assign(member, { asksLock: false, isGranted: false, isRobbing: false, isRobbed: false })
      case 'steal.wanted':
        if (this.protocol.medium === 'files') return this.tell(cluster, index, { type: 'steal.refused' })
        if (this.protocol.robsLater) return void (member.isRobbing = true)
        return this.rob(cluster, index)
      case 'leader.wanted':
      case 'leader.unwanted':
        return void Object.assign(member, { seeks: wish.type === 'leader.wanted', leader: -1, heard: 0, sent: 0 })
      case 'reign.wanted':
        member.phase = 'wanted'
        return
      case 'end.wanted':
        member.phase = wish.isClean ? 'drains' : 'ends'
        if (!wish.isClean) member.job = null
        return
      case 'leave.wanted':
      case 'leader.silent':
      case 'role.changed':
    }
  }

  /** Its patience stays with a member, whatever becomes of it and wherever it stands in the row. */
  #initialOf(cluster: Cluster, index: number): number {
    return this.#table.initial(this.view(cluster, index).context.missedMax)
  }
}

const blank = (machine: number): Member => ({
  life: 'runs',
  machine,
  asksLock: false,
  isGranted: false,
  isRobbing: false,
  isRobbed: false,
  seeks: false,
  leader: -1,
  heard: 0,
  sent: 0,
  phase: 'none',
  epoch: 0,
  view: 0,
  table: 0,
  beat: 0,
  isStalled: false,
  owes: 0,
  job: null,
  issued: 0,
  reads: 0,
  waits: 0,
  gaveUp: 0,
  seen: 0,
  owed: 0,
})
