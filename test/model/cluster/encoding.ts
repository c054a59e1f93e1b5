/** States of a cluster as strings of small characters. Members have no order: of all their orders the least text is taken. */
import type { ClusterBounds } from './protocol.ts'
import type { Cluster, Job, Life, Member, Message, Phase } from './state.ts'

const lives: readonly Life[] = ['runs', 'frozen', 'gone']
const phases: readonly Phase[] = ['none', 'wanted', 'raised', 'scanned', 'begun', 'drains', 'ends']
const steps: readonly Job['step'][] = ['runs', 'written', 'answerable']
const kinds: readonly Message['kind'][] = ['ask', 'answer', 'again']

export interface Codec {
  encode(cluster: Cluster): string
  decode(key: string): Cluster
}

/** For clusters of that many members; `keepsOrder` of messages. */
export function codecOf({ members: count, perMember }: ClusterBounds, keepsOrder: boolean): Codec {
  const orders = ordersOf(Array.from({ length: count }, (_, index) => index))
  return {
    encode(cluster) {
      const parts = cluster.members.map(privateOf)
      let least: string | undefined
      for (const order of orders) {
        if (!isAscending(order, parts)) continue
        const text = encodeIn(cluster, { order, parts, perMember, keepsOrder })
        if (least === undefined || text < least) least = text
      }
      return least ?? ''
    },
    decode: (key) => decode(key, { count }),
  }
}

interface Naming {
  /** Old names in the new order. */
  readonly order: readonly number[]
  readonly parts: readonly string[]
  readonly perMember: number
  readonly keepsOrder: boolean
}

function encodeIn(cluster: Cluster, { order, parts, perMember, keepsOrder }: Naming): string {
  const nameOf = (old: number): number => order.indexOf(old)
  const maskOf = (mask: number): number => {
    if (mask === 0) return 0
    const ones = (1 << perMember) - 1
    return order.reduce((sum, old, name) => sum | (((mask >> (old * perMember)) & ones) << (name * perMember)), 0)
  }
  const codes = [
    nameOf(cluster.holder) + 1,
    cluster.storeEpoch,
    cluster.scannedEpoch,
    maskOf(cluster.log),
    cluster.logEpoch,
    maskOf(cluster.acked),
    cluster.faultsLeft,
    cluster.gainLeft,
  ]
  let text = String.fromCharCode(...codes)
  for (const old of order) {
    const { leader, view, table, owes, seen, owed, job } = cluster.members[old] as Member
    text += parts[old] ?? ''
    text += String.fromCharCode(
      nameOf(leader) + 1,
      maskOf(view),
      maskOf(table),
      maskOf(owes),
      maskOf(seen),
      maskOf(owed),
    )
    text +=
      job === null
        ? '\0\0\0'
        : String.fromCharCode(nameOf(job.client) + 1, job.no, steps.indexOf(job.step) * 2 + Number(job.isKnown))
  }
  const messages = cluster.messages.map((message) =>
    String.fromCharCode(
      kinds.indexOf(message.kind),
      nameOf(message.from),
      nameOf(message.to),
      message.no,
      message.epoch,
      message.beat,
      message.kind === 'answer' ? maskOf(message.view) : 0,
    ),
  )
  return text + (keepsOrder ? messages : messages.sort()).join('')
}

/** What of a member names nobody. */
function privateOf(member: Member): string {
  const { asksLock, isGranted, isRobbing, isRobbed, seeks, isStalled } = member
  const flags = [asksLock, isGranted, isRobbing, isRobbed, seeks, isStalled].reduce(
    (sum, is) => sum * 2 + Number(is),
    0,
  )
  return String.fromCharCode(
    lives.indexOf(member.life),
    member.machine & 255,
    member.machine >> 8,
    flags,
    phases.indexOf(member.phase),
    member.epoch,
    member.heard * 16 + member.beat,
    member.sent,
    member.issued,
    member.reads,
    member.waits,
    member.gaveUp,
  )
}

const isAscending = (order: readonly number[], parts: readonly string[]): boolean =>
  order.every((old, at) => at === 0 || (parts[order[at - 1] ?? 0] ?? '') <= (parts[old] ?? ''))

function decode(key: string, { count }: { readonly count: number }): Cluster {
  let at = 0
  const next = (): number => key.charCodeAt(at++)
  const cluster = {
    holder: next() - 1,
    storeEpoch: next(),
    scannedEpoch: next(),
    log: next(),
    logEpoch: next(),
    acked: next(),
    faultsLeft: next(),
    gainLeft: next(),
  }
  const members = Array.from({ length: count }, () => decodeMember(next))
  const messages: Message[] = []
  while (at < key.length) messages.push(decodeMessage(next))
  return { ...cluster, members, messages }
}

function decodeMember(next: () => number): Member {
  const life = lives[next()] ?? 'gone'
  const machine = next() + next() * 256
  const flags = next()
  const phase = phases[next()] ?? 'none'
  const epoch = next()
  const beats = next()
  const [sent, issued, reads, waits, gaveUp] = [next(), next(), next(), next(), next()]
  const [leader, view, table, owes, seen, owed] = [next() - 1, next(), next(), next(), next(), next()]
  const [client, no, code] = [next(), next(), next()]
  const step = steps[code >> 1] ?? 'runs'
  return {
    life,
    machine,
    asksLock: (flags & 32) !== 0,
    isGranted: (flags & 16) !== 0,
    isRobbing: (flags & 8) !== 0,
    isRobbed: (flags & 4) !== 0,
    seeks: (flags & 2) !== 0,
    isStalled: (flags & 1) !== 0,
    leader,
    heard: beats >> 4,
    sent,
    phase,
    epoch,
    view,
    table,
    owes,
    beat: beats & 15,
    job: client === 0 ? null : { client: client - 1, no, step, isKnown: (code & 1) !== 0 },
    issued,
    reads,
    waits,
    gaveUp,
    seen,
    owed,
  }
}

function decodeMessage(next: () => number): Message {
  const kind = kinds[next()] ?? 'ask'
  const [from, to, no, epoch, beat, view] = [next(), next(), next(), next(), next(), next()]
  return kind === 'answer' ? { kind, from, to, no, epoch, beat, view } : { kind, from, to, no, epoch, beat }
}

function ordersOf(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length === 0) return [[]]
  return items.flatMap((item) => ordersOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}
