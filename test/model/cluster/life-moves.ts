/** What befalls a member as a process: it is frozen, thawed, killed, started again, closed; it gets the lock; it asks for something. */
import type { Members } from './member.ts'
import type { Offer } from './moves.ts'
import { type Cluster, memberOf } from './state.ts'

export function lifeMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const member = memberOf(cluster, index)
  const { bounds } = members
  if (member.life === 'gone') {
    if (bounds.restarts && members.canRestart(cluster, index)) {
      offer.mend({ what: 'restarts', member: index }, (next) => {
        memberOf(next, index).life = 'runs'
        members.tell(next, index, { type: 'open.requested' })
      })
    }
    return
  }
  offer.fault({ what: 'crashes', member: index }, (next) => {
    if (next.holder === index) next.holder = -1
    members.bury(next, index)
  })
  if (member.asksLock && cluster.holder < 0) {
    offer.step({ what: 'gets the lock', member: index }, (next) => grant(members, next, index))
  }
  if (member.life === 'frozen') return frozenMoves(members, cluster, index, offer)
  offer.fault({ what: 'freezes', member: index }, (next) => void (memberOf(next, index).life = 'frozen'))
  if (members.isHeard(cluster, index, { type: 'close.requested' })) {
    offer.fault({ what: 'closes', member: index }, (next) => members.tell(next, index, { type: 'close.requested' }))
  }
  if (canIssue(members, cluster, index)) {
    for (const kind of bounds.kinds) {
      // What a read owes is kept for one at a time.
      if (kind === 'read' && (member.waits & member.reads) !== 0) continue
      offer.step({ what: `is asked to ${kind}`, member: index }, (next) => issue(members, next, index, kind))
    }
  }
}

/** A member that stands still gets the lock as well, and hears so later. */
function grant(members: Members, cluster: Cluster, index: number): void {
  const member = memberOf(cluster, index)
  cluster.holder = index
  member.asksLock = false
  member.isRobbing = false
  if (member.life === 'frozen') member.isGranted = true
  else members.tell(cluster, index, { type: 'lock.acquired' })
}

function frozenMoves({ protocol }: Members, cluster: Cluster, index: number, offer: Offer): void {
  offer.mend({ what: 'thaws', member: index }, (next) => {
    const member = memberOf(next, index)
    member.life = 'runs'
    if (member.phase === 'none' || member.phase === 'ends') return
    if (protocol.reads === 'plain') member.owes = next.acked
    const isLeading = member.phase === 'begun' || member.phase === 'drains'
    member.isStalled = protocol.confirmsAfterStall && (isLeading || protocol.countsFromLock)
    if (isLeading) member.beat += 1
  })
  if (protocol.isLockBroken && cluster.holder === index) {
    offer.fault({ what: 'loses its lock unheard', member: index }, (next) => void (next.holder = -1))
  }
}

const asking = ['seeking', 'following', 'acquiring', 'leading', 'fenced']

function canIssue(members: Members, cluster: Cluster, index: number): boolean {
  const { perMember, requestsMax, windowMax } = members.bounds
  const { issued, waits } = memberOf(cluster, index)
  const { state, context } = members.view(cluster, index)
  const all = cluster.members.reduce((sum, other) => sum + other.issued, 0)
  if (context.isClosing || !asking.includes(state)) return false
  return issued < perMember && all < requestsMax && countOf(waits) < windowMax
}

function issue(members: Members, cluster: Cluster, index: number, kind: 'write' | 'read'): void {
  const member = memberOf(cluster, index)
  if (kind === 'read') {
    member.owed = cluster.acked | member.seen
    member.reads |= 1 << member.issued
  }
  member.waits |= 1 << member.issued
  member.issued += 1
  members.settle(cluster, index)
}

function countOf(mask: number): number {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++
  return count
}
