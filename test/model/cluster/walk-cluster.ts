/** The walk of a cluster: protocol, bounds, rules and goal put together. */
import type { Action } from './action.ts'
import { codecOf } from './encoding.ts'
import { Members } from './member.ts'
import { movesOf } from './moves.ts'
import type { ClusterBounds, Protocol } from './protocol.ts'
import { goalOf, judge, type RuleName } from './rules.ts'
import type { Cluster } from './state.ts'
import { type PackedWalk, walkPacked } from './walk.ts'

export interface ClusterWalk extends PackedWalk {
  /** What has happened in it, names left out. */
  readonly witnesses: readonly string[]
  readonly epochMax: number
}

export function walkCluster(
  protocol: Protocol,
  bounds: ClusterBounds,
  how: { readonly statesMax?: number; readonly isCut?: boolean; readonly rules?: readonly RuleName[] } = {},
): ClusterWalk {
  const members = new Members(protocol, bounds)
  const { encode, decode } = codecOf(bounds, protocol.channel === 'ordered')
  const judged = judge(members, how.rules)
  const seen = new Set<string>()
  let epochMax = 0
  const walk = walkPacked<Cluster, Action>({
    initial: members.initial(),
    moves: movesOf(members),
    encode,
    decode,
    rule(from, action, to) {
      seen.add(action.what)
      epochMax = Math.max(epochMax, to.storeEpoch)
      judged(from, action, to)
    },
    goal: goalOf(members),
    statesMax: how.statesMax ?? 5_000_000,
    isCut: how.isCut ?? false,
  })
  const witnesses = [...new Set([...seen].map((what) => what.replaceAll(/ \d+/g, '')))].sort()
  return { ...walk, witnesses, epochMax }
}
