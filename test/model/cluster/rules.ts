/** What must hold at every step of a cluster, by the names of docs/verification.md. */
import assert from 'node:assert/strict'
import type { Action } from './action.ts'
import type { Members } from './member.ts'
import { type Cluster, memberOf } from './state.ts'

interface Judged {
  readonly from: Cluster
  readonly action: Action
  readonly to: Cluster
  readonly members: Members
}

type Rule = (step: Judged) => void

export const rules = {
  'Z1: nothing joins the log below the epoch on the medium, or below the log’s own': ({ from, action, members }) => {
    if (!('isVoid' in action) || action.isVoid) return
    assert.ok(action.epoch >= from.logEpoch, 'epochs do not fall along the log')
    if (members.protocol.medium === 'indexeddb') assert.equal(action.epoch, from.storeEpoch)
  },
  'Z2: an epoch has one owner and is never used again': ({ from, action, to }) => {
    if (action.what !== 'raises the epoch' && action.what !== 'begins') return
    const { epoch } = memberOf(to, action.member)
    if (action.what === 'raises the epoch') assert.ok(epoch > from.storeEpoch)
    to.members.forEach((other, index) => assert.ok(index === action.member || other.epoch !== epoch))
  },
  'D1: what was acknowledged is in the log, and known to whoever leads with the epoch of the medium': ({
    action,
    to,
  }) => {
    assert.equal(to.acked & ~to.log, 0, 'acknowledged and not in the log')
    if (action.what !== 'begins') return
    const { epoch, view } = memberOf(to, action.member)
    if (epoch === to.storeEpoch) assert.equal(to.acked & ~view, 0, 'acknowledged and not recovered')
  },
  'E1: a commit is acknowledged only once it is in the log': ({ from, action, members }) => {
    if (!('isNew' in action) || !action.isNew) return
    assert.notEqual(from.log & members.bit(action.client, action.no), 0)
  },
  'Exactly once: no request is applied twice': ({ from, action, members }) => {
    if (!('isVoid' in action) || action.isVoid) return
    assert.equal(from.log & members.bit(action.client, action.no), 0)
  },
  'Order: what a client asks for later is not applied before what it still waits for': ({ from, action, members }) => {
    if (!('isVoid' in action) || action.isVoid) return
    const { waits } = memberOf(from, action.client)
    for (let no = 0; no < action.no; no++) {
      const isApplied = (from.log & members.bit(action.client, no)) !== 0
      const isWrite = !members.isRead(from, action.client, no)
      if (isWrite && (waits & (1 << no)) !== 0) assert.ok(isApplied, `${no} is overtaken by ${action.no}`)
    }
  },
  'F: only who leads answers, and nobody who has heard that its lease is lost': ({ from, action, members }) => {
    const isTold = action.what === 'answers' || ('view' in action && action.member === action.client)
    if (isTold) assert.match(members.view(from, action.member).state, /^(leading|resigning)$/)
  },
  'M1: a strict read shows everything that was acknowledged when it was asked, and no read less than an earlier one': ({
    from,
    action,
    members,
  }) => {
    if (!('view' in action) || !members.isRead(from, action.client, action.no)) return
    const { owed, seen } = memberOf(from, action.client)
    const isStrict = members.protocol.reads === 'strict'
    assert.equal((isStrict ? owed | seen : seen) & ~action.view, 0)
  },
  'A22: a leader that stood still shows no read without what was acknowledged meanwhile': ({
    from,
    action,
    members,
  }) => {
    const isTold = action.what === 'answers' || ('view' in action && action.member === action.client)
    if (!isTold || !('no' in action) || !members.isRead(from, action.client, action.no)) return
    const { owes, view } = memberOf(from, action.member)
    assert.equal(owes & ~view, 0)
  },
  'A17: what queued while a leader stood still runs only if its client still waits': ({ from, action }) => {
    if (action.what !== 'runs' || !('stampBeat' in action) || action.stampBeat === null) return
    if (action.stampBeat === memberOf(from, action.member).beat) return
    assert.notEqual(memberOf(from, action.client).waits & (1 << action.no), 0)
  },
  'L3: a leader that is heard is robbed by nobody, and epochs are no more than faults': ({
    from,
    action,
    to,
    members,
  }) => {
    const { faultsMax, skew } = members.bounds
    const spent = faultsMax - to.faultsLeft + (skew?.gainMax ?? 0) - to.gainLeft
    assert.ok(to.storeEpoch <= 1 + 2 * spent, `${to.storeEpoch} epochs for ${spent} faults`)
    if (to.holder === from.holder || from.holder < 0 || to.holder !== action.member) return
    const robbed = memberOf(from, from.holder)
    const { missedMax } = members.view(from, action.member).context
    if (robbed.life === 'runs')
      assert.ok('missedCount' in action && action.missedCount >= missedMax, 'robbed while it was heard')
  },
} satisfies Readonly<Record<string, Rule>>

export type RuleName = keyof typeof rules

/** All of them, or those that are named. A breach names its rule. */
export function judge(members: Members, names: readonly RuleName[] = Object.keys(rules) as RuleName[]) {
  return (from: Cluster, action: Action, to: Cluster): void => {
    for (const name of names) {
      try {
        rules[name]({ from, action, to, members })
      } catch (cause) {
        throw new Error(`${name}\n${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      }
    }
  }
}

/** Once faults stop: whoever waits gets an answer, and exactly one leads. A lock that cannot be robbed has to be with one who runs. */
export function goalOf(members: Members) {
  const open = (cluster: Cluster) =>
    cluster.members.flatMap(({ life, waits }, index) => {
      const { state, context } = members.view(cluster, index)
      const isOpen =
        life === 'runs' && !context.isClosing && !['leaving', 'resigning', 'closed', 'failed'].includes(state)
      return isOpen ? [{ state, waits }] : []
    })
  return {
    must: (cluster: Cluster): boolean => {
      const all = open(cluster)
      const isHeldUp = cluster.members[cluster.holder]?.life === 'frozen'
      const canRob = members.protocol.medium === 'indexeddb' && all.some(({ waits }) => waits !== 0)
      return all.length > 0 && (!isHeldUp || canRob)
    },
    there: (cluster: Cluster): boolean => {
      const all = open(cluster)
      const leading = all.filter(({ state }) => state === 'leading').length
      // A lock that breaks is told to nobody: one who has nothing to do may think that it leads for ever.
      const isOne = members.protocol.isLockBroken ? leading >= 1 : leading === 1
      return isOne && all.every(({ waits }) => waits === 0)
    },
  }
}
