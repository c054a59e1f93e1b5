/** What becomes of messages: delivered, lost, delivered twice. A receiver that stands still gets them when it goes on. */
import { hearBeat } from './follower-moves.ts'
import { accept, beginJob } from './leader-moves.ts'
import type { Members } from './member.ts'
import type { Offer } from './moves.ts'
import { type Cluster, type Message, memberOf } from './state.ts'

type Ask = Extract<Message, { kind: 'ask' }>
type Answer = Extract<Message, { kind: 'answer' }>

export function channelMoves(members: Members, cluster: Cluster, offer: Offer): void {
  const isWild = members.protocol.channel === 'wild'
  cluster.messages.forEach((message, at) => {
    if (!isWild && cluster.messages.findIndex(({ from, to }) => from === message.from && to === message.to) !== at)
      return
    if (memberOf(cluster, message.to).life === 'runs')
      deliver(members, cluster, { message, at, isDoubled: false }, offer.step)
    if (!isWild) return
    const { kind, from, to, no } = message
    offer.fault({ what: `loses ${kind} ${no} of ${from}`, member: to }, (next) => void next.messages.splice(at, 1))
    if (memberOf(cluster, message.to).life === 'runs')
      deliver(members, cluster, { message, at, isDoubled: true }, offer.fault)
  })
}

interface Delivery {
  readonly message: Message
  readonly at: number
  readonly isDoubled: boolean
}

function deliver(members: Members, cluster: Cluster, delivery: Delivery, add: Offer['step']): void {
  const { message } = delivery
  if (message.kind === 'ask') deliverAsk(members, cluster, { ...delivery, message }, add)
  else if (message.kind === 'answer') deliverAnswer(members, cluster, { ...delivery, message }, add)
  else {
    add({ what: `hears to ask again for ${message.no}`, member: message.to }, (next) => {
      take(next, delivery)
      const member = memberOf(next, message.to)
      const isOfLeader =
        member.leader === message.from && members.view(next, message.to).context.epoch === message.epoch
      if (!isOfLeader) return
      if (members.protocol.resendsInOrder) hearBeat(members, member, message.beat)
      else
        Object.assign(member, { heard: Math.max(member.heard, message.beat), sent: member.sent & ~(1 << message.no) })
    })
  }
}

const take = (cluster: Cluster, { at, isDoubled }: Delivery): void => {
  if (!isDoubled) cluster.messages.splice(at, 1)
}

function deliverAsk(
  members: Members,
  cluster: Cluster,
  delivery: Delivery & { readonly message: Ask },
  add: Offer['step'],
): void {
  const { message } = delivery
  const { from: client, to: index, no, epoch, beat: stampBeat } = message
  const { phase, epoch: ownEpoch, isStalled, job, beat } = memberOf(cluster, index)
  if (phase !== 'begun' || ownEpoch !== epoch) {
    if (phase !== 'begun' || ownEpoch > epoch)
      add({ what: `drops ask ${no} of ${client}`, member: index }, (next) => take(next, delivery))
    return
  }
  if (isStalled) return
  if (members.protocol.asksAgain && stampBeat < beat) {
    add({ what: `tells ${client} to ask again for ${no}`, member: index }, (next) => {
      take(next, delivery)
      if (memberOf(next, client).life === 'gone') return
      next.messages.push({ kind: 'again', from: index, to: client, no, epoch, beat })
    })
  } else if (job === null) {
    const isDone = (memberOf(cluster, index).table & members.bit(client, no)) !== 0
    add({ what: isDone ? 'finds it done' : 'runs', member: index, client, no, stampBeat }, (next) => {
      take(next, delivery)
      beginJob(members, next, index, { client, no })
    })
  }
}

function deliverAnswer(
  members: Members,
  cluster: Cluster,
  delivery: Delivery & { readonly message: Answer },
  add: Offer['step'],
): void {
  const { from: member, to: client, no, epoch, view } = delivery.message
  const isWaiting = (memberOf(cluster, client).waits & (1 << no)) !== 0
  const isOlder = epoch < members.view(cluster, client).context.epoch
  const { seen } = memberOf(cluster, client)
  // Within an epoch the order of answers is that of transactions.
  const isBehind = !isOlder && members.isRead(cluster, client, no) && (seen & ~view) !== 0
  if (!isWaiting || isBehind || (isOlder && members.protocol.dropsOlder)) {
    return add({ what: `drops answer ${no} of ${member}`, member: client }, (next) => take(next, delivery))
  }
  add({ what: 'accepts', member, client, no, epoch, view }, (next) => {
    take(next, delivery)
    accept(members, next, { client, no, view })
  })
}
