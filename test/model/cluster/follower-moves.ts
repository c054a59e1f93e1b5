/** What a member does that seeks a leader or follows one: join, hear beats or miss them, ask, give up, notice that its leader is gone. */
import type { Members } from './member.ts'
import type { Offer } from './moves.ts'
import { type Cluster, type Member, memberOf, type Message } from './state.ts'

export function followerMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const { state } = members.view(cluster, index)
  if (state === 'seeking') joinMoves(members, cluster, index, offer)
  if (state === 'following' || state === 'leaving') lossMoves(members, cluster, index, offer)
  if (state === 'seeking' || state === 'following') beatMoves(members, cluster, index, offer)
  if (state === 'following' || state === 'leaving') askMoves(members, cluster, index, offer)
  const { waits } = memberOf(cluster, index)
  if (state === 'leaving' && waits === 0) {
    offer.step({ what: 'leaves', member: index }, (next) => members.tell(next, index, { type: 'left' }))
  }
  giveUpMoves(members, cluster, index, offer)
}

const isLeading = ({ phase }: Member): boolean => phase === 'begun' || phase === 'drains'

/** Whoever believes to lead takes members on. What one said before it stood still may arrive later. */
function joinMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  cluster.members.forEach((other, leader) => {
    if (leader === index || other.phase !== 'begun') return
    tellOfHigherEpoch(members, cluster, { index, leader }, offer)
    if (!members.isHeard(cluster, index, { type: 'leader.joined', epoch: other.epoch })) return
    const add = other.life === 'runs' ? offer.step : offer.mend
    add({ what: `joins ${leader}`, member: index }, (next) => {
      members.tell(next, index, { type: 'leader.joined', epoch: other.epoch })
      if (members.view(next, index).state !== 'following') return
      Object.assign(memberOf(next, index), { seeks: false, leader, heard: other.beat, sent: 0 })
    })
  })
}

/** Who asks to join says which epoch it knows. A leader that is of an older one asks the medium, instead of being in nobody's way. */
function tellOfHigherEpoch(
  members: Members,
  cluster: Cluster,
  { index, leader }: { readonly index: number; readonly leader: number },
  offer: Offer,
): void {
  const { epoch, life } = memberOf(cluster, leader)
  const isOlder = epoch < members.view(cluster, index).context.epoch
  if (!isOlder || life !== 'runs' || cluster.storeEpoch === epoch || !members.protocol.joinTellsEpoch) return
  offer.step({ what: 'hears of a higher epoch', member: leader }, (next) => members.loseLease(next, leader))
}

/** The connection ends by itself where there is nobody at its other end. */
function lossMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const { leader } = memberOf(cluster, index)
  const other = memberOf(cluster, leader)
  const { epoch } = members.view(cluster, index).context
  const isOver = other.life === 'gone' || !isLeading(other) || other.epoch !== epoch
  if (other.life !== 'frozen' && isOver) {
    offer.step({ what: 'loses its leader', member: index }, (next) =>
      members.tell(next, index, { type: 'leader.lost' }),
    )
  }
  if (other.life === 'runs' && other.phase === 'drains' && !isOver) {
    offer.step({ what: 'hears that its leader resigns', member: index }, (next) =>
      members.tell(next, index, { type: 'leader.resigned' }),
    )
  }
  if (isOver) return
  offer.fault({ what: 'loses its connection', member: index }, (next) => {
    members.tell(next, index, { type: 'leader.lost' })
    if (members.protocol.channel === 'wild') return
    next.messages = next.messages.filter(({ from, to }) => !isBetween(from, to, [index, leader]))
  })
}

const isBetween = (from: number, to: number, [a, b]: readonly [number, number]): boolean =>
  (from === a && to === b) || (from === b && to === a)

/** Whoever has the lock is heard by everybody who runs, unless beats are lost. */
function beatMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const { leader, heard } = memberOf(cluster, index)
  const { epoch } = members.view(cluster, index).context
  const holder = cluster.members[cluster.holder]
  const isAudible = holder !== undefined && cluster.holder !== index && isHeardOf(members, holder)
  const isAnother = isAudible && leader >= 0 && (leader !== cluster.holder || holder.epoch !== epoch)
  if (isAnother) {
    offer.step({ what: 'hears of another leader', member: index }, (next) =>
      members.tell(next, index, { type: 'leader.lost' }),
    )
  } else if (
    isAudible &&
    (members.isHeard(cluster, index, { type: 'beat.heard' }) || (leader >= 0 && heard < holder.beat))
  ) {
    offer.step({ what: 'hears a beat', member: index }, (next) => {
      if (leader >= 0) hearBeat(members, memberOf(next, index), holder.beat)
      members.tell(next, index, { type: 'beat.heard' })
    })
  }
  if (cluster.holder === index || !members.isHeard(cluster, index, { type: 'beat.missed' })) return
  const { missedCount } = members.view(cluster, index).context
  const action = { what: 'misses a beat', member: index, missedCount: missedCount + 1 } as const
  const miss = (next: Cluster) => members.tell(next, index, { type: 'beat.missed' })
  if (!isAudible) return offer.step(action, miss)
  if (members.isGaining(cluster, index)) offer.gain(action, miss)
  if (members.bounds.losesBeats) offer.fault(action, miss)
}

function isHeardOf({ protocol }: Members, holder: Member): boolean {
  if (holder.life !== 'runs') return false
  return isLeading(holder) || (protocol.acquirerBeats && holder.phase !== 'none' && holder.phase !== 'ends')
}

/** Under a raised beat everything that waits is asked again. */
export function hearBeat({ protocol }: Members, member: Member, beat: number): void {
  if (beat <= member.heard) return
  member.heard = beat
  if (protocol.resendsInOrder) member.sent = 0
}

function askMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const { waits, sent, leader, heard } = memberOf(cluster, index)
  const { epoch } = members.view(cluster, index).context
  const { bounds, protocol } = members
  const between = cluster.messages.filter(({ from, to }) => isBetween(from, to, [index, leader]))
  if (leader < 0 || between.length >= bounds.messagesMax || cluster.members[leader]?.life === 'gone') return
  const due = waits & ~sent
  for (let no = 0; no < bounds.perMember; no++) {
    const bit = 1 << no
    const isNext = protocol.channel === 'wild' || (due & (bit - 1)) === 0
    if ((due & bit) === 0 || !isNext) continue
    const message = { kind: 'ask', from: index, to: leader, no, epoch, beat: heard } as const
    const isSame = (other: Message) =>
      other.kind === 'ask' && other.no === no && other.epoch === epoch && other.beat === heard
    if (between.some(isSame)) continue
    offer.step({ what: `asks ${leader} for ${no}`, member: index }, (next) => {
      next.messages.push(message)
      if (protocol.channel === 'ordered') memberOf(next, index).sent |= bit
    })
  }
}

/** A deadline passes: what becomes of the request, its client does not know. A member that leaves has nothing else to wait for. */
function giveUpMoves(members: Members, cluster: Cluster, index: number, offer: Offer): void {
  const { waits } = memberOf(cluster, index)
  const isLeaving = members.view(cluster, index).state === 'leaving'
  for (let no = 0; no < members.bounds.perMember; no++) {
    const bit = 1 << no
    if ((waits & bit) === 0) continue
    const add = isLeaving ? offer.step : offer.fault
    add({ what: `gives ${no} up`, member: index }, (next) => {
      const member = memberOf(next, index)
      member.waits &= ~bit
      member.gaveUp |= bit
      if (members.isRead(next, index, no)) member.owed = 0
      members.settle(next, index)
    })
  }
}
