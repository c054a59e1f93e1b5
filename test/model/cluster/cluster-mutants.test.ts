/**
 * Tests of the tests: each mutant takes one defence out of the protocol, or breaks the machine, and the rule that it names must catch
 * it. As it is built, the first states of the same space show nothing by that rule; the whole of them is walked in cluster.test.ts.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { leaderMachine } from '../../../src/machines/leader.ts'
import { rewired, stateOf } from '../machines/mutate.ts'
import { skewed, small } from './bounds.ts'
import { type ClusterBounds, type Protocol, shipped } from './protocol.ts'
import { rules, type RuleName } from './rules.ts'
import { walkCluster } from './walk-cluster.ts'

interface Mutant {
  readonly name: string
  /** The way it is built where this matters, and what is taken out. */
  readonly of?: Partial<Protocol>
  readonly without: Partial<Protocol>
  readonly bounds?: Partial<ClusterBounds>
  /** How far the fault is. */
  readonly statesMax?: number
  /** A rule by the beginning of its name, or that the goal is out of reach. */
  readonly caughtBy: string
}

const both = ['write', 'read'] as const

const mutants: readonly Mutant[] = [
  { name: 'a commit does not look at the epoch', without: { checksEpoch: false }, caughtBy: 'Z1' },
  {
    name: 'a commit does not look at the epoch, and nothing fails but that a clock gains a beat',
    without: { checksEpoch: false },
    bounds: { faultsMax: 0, skew: skewed },
    caughtBy: 'Z1',
  },
  {
    name: 'files: the epoch is read before the barrier',
    of: { medium: 'files', isLockBroken: true },
    without: { confirmsLast: false },
    bounds: { faultsMax: 2 },
    caughtBy: 'E1',
  },
  {
    name: 'files: what is acknowledged before the epoch is read is lost',
    of: { medium: 'files', isLockBroken: true },
    without: { confirmsLast: false },
    bounds: { faultsMax: 2 },
    caughtBy: 'D1',
  },
  { name: 'leads before its epoch is on the medium', without: { raisesFirst: false }, caughtBy: 'Z2' },
  { name: 'forgets the outcomes when it takes over', without: { keepsTable: false }, caughtBy: 'Exactly once' },
  {
    name: 'leads without the lock, as soon as it has asked for it',
    without: {
      machine: rewired(leaderMachine, (root) => {
        stateOf(root, 'idle').on['open.requested'] = { target: 'acquiring', actions: ['wantLock', 'wantReign'] }
      }),
    },
    caughtBy: 'L3',
  },
  {
    name: 'answers before it has asked the medium, after it stood still',
    of: { reads: 'plain' },
    without: { confirmsAfterStall: false },
    bounds: { kinds: both },
    caughtBy: 'A22',
  },
  {
    name: 'what happened between lock and reign does not count as standing still',
    of: { reads: 'plain' },
    without: { countsFromLock: false },
    bounds: { kinds: both },
    caughtBy: 'A22',
  },
  {
    name: 'runs what had queued while it stood still, though its client has given up',
    without: { asksAgain: false },
    bounds: { faultsMax: 2 },
    caughtBy: 'A17',
  },
  {
    name: 'asks again without the order in which it was asked',
    of: { channel: 'ordered' },
    without: { resendsInOrder: false },
    bounds: { windowMax: 2 },
    caughtBy: 'Order',
  },
  {
    name: 'takes answers of older epochs',
    without: { dropsOlder: false },
    bounds: { kinds: both, windowMax: 2, messagesMax: 1 },
    statesMax: 400_000,
    caughtBy: 'M1',
  },
  {
    name: 'robs without patience',
    without: {
      machine: leaderMachine.provide({
        guards: { isPatienceOver: ({ context }) => context.isWaiting && !context.isStealAsked },
      }),
    },
    bounds: { missedMax: 2 },
    caughtBy: 'L3',
  },
  { name: 'who has the lock is not heard before it leads', without: { acquirerBeats: false }, caughtBy: 'L3' },
  {
    name: 'robs though somebody was heard meanwhile',
    without: { robsLater: true },
    bounds: { members: 3, requestsMax: 1 },
    caughtBy: 'L3',
  },
  { name: 'asks to join without telling the epoch it knows', without: { joinTellsEpoch: false }, caughtBy: 'stuck' },
]

function ruleOf(start: string): readonly RuleName[] {
  const names = (Object.keys(rules) as RuleName[]).filter((name) => name.startsWith(start))
  assert.ok(names.length === 1 || start === 'stuck', `${start} names ${names.length} rules`)
  return names
}

describe('cluster mutants', () => {
  test.each(mutants)('$name: $caughtBy', { timeout: 300_000 }, ({ of, without, bounds, statesMax, caughtBy }) => {
    const within = { ...small, ...bounds }
    const built = { ...shipped, ...of }
    const how = { rules: ruleOf(caughtBy), statesMax: statesMax ?? 100_000, isCut: caughtBy !== 'stuck' }
    assert.throws(
      () => walkCluster({ ...built, ...without }, within, how),
      ({ message }: Error) => message.startsWith(caughtBy) && /after \d+ events/.test(message),
    )
    if (caughtBy === 'stuck') walkCluster(built, within, how)
    else walkCluster(built, within, { ...how, statesMax: 10_000 })
  })
})
