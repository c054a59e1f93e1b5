/** What a member does that has the lock, or thinks so: raise the epoch, scan, commit, confirm, answer, hear that it was robbed, let go. */
import type { Members } from './member.ts'
import type { Offer } from './moves.ts'
import { type Cluster, type Job, type Member, memberOf } from './state.ts'

export function leaderMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const member = memberOf(cluster, index)
  if (member.isGranted) {
    return offer.step({ what: 'hears that it has the lock', member: index }, (next) => {
      memberOf(next, index).isGranted = false
      members.tell(next, index, { type: 'lock.acquired' })
    })
  }
  if (member.isRobbed) {
    offer.step({ what: 'hears that it was robbed', member: index }, (next) => {
      memberOf(next, index).isRobbed = false
      members.loseLease(next, index)
    })
  }
  if (member.isRobbing) {
    const { missedCount } = members.view(cluster, index).context
    offer.step({ what: 'robs', member: index, missedCount }, (next) => members.rob(next, index))
  }
  reignMoves(members, cluster, index, offer)
  if (member.phase !== 'begun' && member.phase !== 'drains') return
  if (member.isStalled) stallMoves(members, cluster, index, offer)
  if (member.job !== null) jobMoves(members, cluster, { index, job: member.job, offer })
  else if (!member.isStalled) ownMoves(members, cluster, index, offer)
}

function reignMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const { phase, epoch, job, waits } = memberOf(cluster, index)
  const { raisesFirst } = members.protocol
  const newEpoch = cluster.storeEpoch + 1
  if (phase === 'wanted' && raisesFirst) {
    offer.step({ what: 'raises the epoch', member: index, epoch: newEpoch }, (next) => {
      next.storeEpoch = newEpoch
      Object.assign(memberOf(next, index), { epoch: newEpoch, phase: 'raised' })
    })
  }
  if (phase === 'wanted' && !raisesFirst) {
    offer.step({ what: 'scans', member: index }, (next) => scan(members, next, index, newEpoch))
  }
  if (phase === 'begun' && epoch > cluster.storeEpoch) {
    offer.step({ what: 'raises the epoch', member: index, epoch }, (next) => void (next.storeEpoch = epoch))
  }
  if (phase === 'raised') {
    offer.step({ what: 'scans', member: index }, (next) => scan(members, next, index, epoch))
  }
  if (phase === 'scanned') {
    offer.step({ what: 'begins', member: index, epoch }, (next) => {
      memberOf(next, index).phase = 'begun'
      members.tell(next, index, { type: 'reign.began', epoch })
    })
  }
  if (phase === 'ends' || (phase === 'drains' && job === null && waits === 0)) {
    offer.step({ what: 'lets go', member: index }, (next) => members.endReign(next, index))
  }
}

/** What lower epochs append from now on is void. */
function scan({ protocol }: Members, cluster: Cluster, index: number, epoch: number): void {
  const table = protocol.keepsTable ? cluster.log : 0
  Object.assign(memberOf(cluster, index), { epoch, phase: 'scanned', view: cluster.log, table })
  cluster.scannedEpoch = Math.max(cluster.scannedEpoch, epoch)
}

/** After it stood still, a leader asks the medium before anything else. */
function stallMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  if (isOurs(members, cluster, memberOf(cluster, index))) {
    offer.step({ what: 'still leads', member: index }, (next) => void (memberOf(next, index).isStalled = false))
  } else offer.step({ what: 'finds a higher epoch', member: index }, (next) => members.loseLease(next, index))
}

/** An epoch that was not raised first is not there yet: nobody else's is what such a leader looks for. */
const isOurs = ({ protocol }: Members, { storeEpoch }: Cluster, { epoch }: Member): boolean =>
  protocol.raisesFirst ? storeEpoch === epoch : storeEpoch <= epoch

/** What was asked of the leader where it is. */
function ownMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const { waits } = memberOf(cluster, index)
  if (waits === 0) return
  const no = 31 - Math.clz32(waits & -waits)
  const what = isDone(members, cluster, index, { client: index, no }) ? 'finds it done' : 'runs'
  offer.step({ what, member: index, client: index, no, stampBeat: null }, (next) =>
    beginJob(members, next, index, { client: index, no }),
  )
}

const isDone = (
  members: Members,
  cluster: Cluster,
  index: number,
  { client, no }: Pick<Job, 'client' | 'no'>,
): boolean => (memberOf(cluster, index).table & members.bit(client, no)) !== 0

/** A request begins, unless its outcome is known. */
export function beginJob(members: Members, cluster: Cluster, index: number, request: Pick<Job, 'client' | 'no'>): void {
  const isKnown = isDone(members, cluster, index, request)
  const isPlainRead = members.isRead(cluster, request.client, request.no) && members.protocol.reads === 'plain'
  const step = isKnown || isPlainRead ? 'answerable' : 'runs'
  memberOf(cluster, index).job = { ...request, step, isKnown }
}

interface AtWork {
  readonly index: number
  readonly job: Job
  readonly offer: Offer
}

function jobMoves(members: Members, cluster: Cluster, { index, job, offer }: AtWork): void {
  const member = memberOf(cluster, index)
  const { medium, checksEpoch, confirmsLast } = members.protocol
  if (job.step === 'answerable') {
    if (!member.isStalled) answerMoves(members, cluster, { index, job, offer })
    return
  }
  const isRead = members.isRead(cluster, job.client, job.no)
  const confirms = () => {
    const isOver = checksEpoch && !isOurs(members, cluster, member)
    if (isOver) offer.step({ what: 'finds a higher epoch', member: index }, (next) => members.loseLease(next, index))
    return !isOver
  }
  const goOn = (step: Job['step']) => (next: Cluster) => void (memberOf(next, index).job = { ...job, step })
  const isAppendDue = medium === 'indexeddb' || (job.step === 'runs') === confirmsLast
  if (isRead) {
    if (confirms()) offer.step({ what: 'confirms', member: index }, goOn('answerable'))
  } else if (!isAppendDue) {
    if (confirms())
      offer.step({ what: 'confirms', member: index }, goOn(job.step === 'runs' ? 'written' : 'answerable'))
  } else if (medium === 'files' || confirms()) {
    const isLast = medium === 'indexeddb' || job.step === 'written'
    appendMove(members, cluster, { index, job, offer }, isLast ? 'answerable' : 'written')
  }
}

function appendMove(members: Members, cluster: Cluster, { index, job, offer }: AtWork, step: Job['step']): void {
  const { epoch } = memberOf(cluster, index)
  const bit = members.bit(job.client, job.no)
  const isVoid = members.protocol.medium === 'files' && epoch < cluster.scannedEpoch
  offer.step({ what: 'appends', member: index, client: job.client, no: job.no, epoch, isVoid }, (next) => {
    const member = memberOf(next, index)
    if (!isVoid) Object.assign(next, { log: next.log | bit, logEpoch: epoch })
    Object.assign(member, { view: member.view | bit, table: member.table | bit, job: { ...job, step } })
  })
}

function answerMoves(members: Members, cluster: Cluster, { index, job, offer }: AtWork): void {
  const { epoch, view, beat } = memberOf(cluster, index)
  const { client, no } = job
  const isRead = members.isRead(cluster, client, no)
  const isNew = !job.isKnown && !isRead
  if (client === index) {
    const action = { what: 'accepts', member: index, client, no, epoch, view: isRead ? view : 0 } as const
    return offer.step(action, (next) => {
      memberOf(next, index).job = null
      accept(members, next, { client, no, view: isRead ? view : 0 })
    })
  }
  offer.step({ what: 'answers', member: index, client, no, isNew }, (next) => {
    memberOf(next, index).job = null
    if (memberOf(next, client).life === 'gone') return
    next.messages.push({ kind: 'answer', from: index, to: client, no, epoch, beat, view: isRead ? view : 0 })
  })
}

/** A client takes an answer that it waits for. */
export function accept(
  members: Members,
  cluster: Cluster,
  { client, no, view }: { client: number; no: number; view: number },
): void {
  const member = memberOf(cluster, client)
  member.waits &= ~(1 << no)
  if (members.isRead(cluster, client, no)) {
    member.seen |= view
    member.owed = 0
  } else {
    member.seen |= members.bit(client, no)
    cluster.acked |= members.bit(client, no)
  }
  members.settle(cluster, client)
}
