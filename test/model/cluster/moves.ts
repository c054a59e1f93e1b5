/** Everything that may happen next in a cluster. The parts are in the files beside this one; here they get a common form. */
import type { Action } from './action.ts'
import { channelMoves } from './channel-moves.ts'
import { followerMoves } from './follower-moves.ts'
import { leaderMoves } from './leader-moves.ts'
import { lifeMoves } from './life-moves.ts'
import type { Members } from './member.ts'
import { type Cluster, copyOf } from './state.ts'
import type { PackedMove } from './walk.ts'

/** Adds a move. `change` is given a copy. */
export interface Offer {
  /** The system at work. */
  step(action: Action, change: (next: Cluster) => void): void
  /** Misfortune: costs one of the faults that may happen, and is none when they are used up. */
  fault(action: Action, change: (next: Cluster) => void): void
  /** A clock gains a beat: costs one of those that it may gain. Nothing relies on it. */
  gain(action: Action, change: (next: Cluster) => void): void
  /** The end of a misfortune, which may never come. */
  mend(action: Action, change: (next: Cluster) => void): void
}

interface Price {
  readonly isFault: boolean
  readonly cost?: number
  readonly gain?: number
}

export function movesOf(members: Members): (cluster: Cluster) => readonly PackedMove<Cluster, Action>[] {
  return (cluster) => {
    const moves: PackedMove<Cluster, Action>[] = []
    const add = (action: Action, change: (next: Cluster) => void, { isFault, cost = 0, gain = 0 }: Price) => {
      const to = copyOf(cluster)
      to.faultsLeft -= cost
      to.gainLeft -= gain
      change(to)
      moves.push({ action, to, isFault })
    }
    const offer: Offer = {
      step: (action, change) => add(action, change, { isFault: false }),
      mend: (action, change) => add(action, change, { isFault: true }),
      gain: (action, change) => add(action, change, { isFault: true, gain: 1 }),
      fault: (action, change) => {
        if (cluster.faultsLeft > 0) add(action, change, { isFault: true, cost: 1 })
      },
    }
    for (let index = 0; index < cluster.members.length; index++) {
      lifeMoves(members, cluster, index, offer)
      if (cluster.members[index]?.life !== 'runs') continue
      followerMoves(members, cluster, index, offer)
      leaderMoves(members, cluster, index, offer)
    }
    channelMoves(members, cluster, offer)
    return moves
  }
}
