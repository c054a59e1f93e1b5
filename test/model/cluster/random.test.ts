/**
 * Beyond the bounds: random histories of more members, more requests and more faults than can be walked, judged by the same rules at every
 * step. Then faults stop, and whatever is offered runs in turn until everybody who is still there has an answer.
 */
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { isLong, isReplay, randomRuns } from '../replay.ts'
import type { Action } from './action.ts'
import { small } from './bounds.ts'
import { Members } from './member.ts'
import { movesOf } from './moves.ts'
import { type ClusterBounds, type Protocol, shipped } from './protocol.ts'
import { goalOf, judge } from './rules.ts'
import type { Cluster } from './state.ts'

const testName = 'cluster-histories'

const bounds: ClusterBounds = {
  ...small,
  kinds: ['write', 'read'],
  perMember: 4,
  requestsMax: 12,
  faultsMax: 12,
  messagesMax: 3,
  missedMax: 2,
  restarts: true,
}

const protocols: readonly Protocol[] = [
  shipped,
  { ...shipped, reads: 'plain' },
  { ...shipped, channel: 'ordered' },
  { ...shipped, medium: 'files' },
  { ...shipped, medium: 'files', isLockBroken: true },
]

/** Enough for every request of every member to be asked, run and answered once nothing is in the way. */
const HEALING_STEPS = 4000

interface History {
  readonly members: number
  readonly protocol: Protocol
  readonly windowMax: number
  readonly choices: readonly number[]
}

const history = fc.record<History>({
  members: fc.integer({ min: 2, max: 5 }),
  protocol: fc.constantFrom(...protocols),
  windowMax: fc.constantFrom(1, 3),
  choices: fc.array(fc.nat(1_000_000), { minLength: 20, maxLength: 250, size: 'max' }),
})

describe(testName, () => {
  const tally = { histories: 0, steps: 0, faults: 0, epochs: 0, applied: 0 }

  test.each(randomRuns(testName, { usual: 200, long: 20_000 }))(
    'cluster-histories from seed $seed $path',
    ({ replayPath: _, ...parameters }) => {
      fc.assert(fc.property(history, live), parameters)
    },
    isLong ? 3_600_000 : 120_000,
  )

  test.runIf(!isReplay)('there was something to judge', () => {
    console.log(JSON.stringify(tally))
    assert.ok(tally.faults > tally.histories, 'faults happened')
    assert.ok(tally.epochs > tally.histories, 'leaders changed')
    assert.ok(tally.applied > tally.histories, 'requests were applied')
  })

  // Also that chance finds what is wrong.
  test.each([
    ['Exactly once', { keepsTable: false }],
    ['Z1', { checksEpoch: false }],
  ])('without its defence %s breaks', { timeout: 120_000 }, (rule, without) => {
    const { failed, errorInstance } = fc.check(
      fc.property(history, (one) => live({ ...one, protocol: { ...one.protocol, ...without } })),
      { seed: 1, numRuns: 500, endOnFailure: true },
    )
    assert.ok(failed)
    assert.match(String(errorInstance), new RegExp(`^Error: ${rule}`))
  })

  function live({ members: count, protocol, windowMax, choices }: History): void {
    // Where messages overtake each other, so do requests that wait together.
    const window = protocol.channel === 'ordered' ? windowMax : 1
    const members = new Members(protocol, { ...bounds, members: count, windowMax: window })
    const last = heal(members, suffer(members, choices))
    tally.histories += 1
    tally.faults += bounds.faultsMax - last.faultsLeft
    tally.epochs += last.storeEpoch
    tally.applied += last.log.toString(2).replaceAll('0', '').length
  }

  function taken(members: Members, from: Cluster, { action, to }: { action: Action; to: Cluster }): Cluster {
    tally.steps += 1
    judge(members)(from, action, to)
    return to
  }

  function suffer(members: Members, choices: readonly number[]): Cluster {
    let state = members.initial()
    for (const choice of choices) {
      const moves = movesOf(members)(state)
      // One step in ten is a fault, or its end.
      const kind = moves.filter(({ isFault }) => isFault === (choice % 10 === 0))
      const move = kind[Math.floor(choice / 10) % Math.max(1, kind.length)]
      if (move !== undefined) state = taken(members, state, move)
    }
    return state
  }

  /** Steps without a fault, each kind in its turn: what has waited longest goes first. */
  function heal(members: Members, sick: Cluster): Cluster {
    const { must, there } = goalOf(members)
    const lastTaken = new Map<string, number>()
    const nameOf = ({ what, member }: Action) => `${what} ${member}`
    let state = sick
    for (let turn = 0; turn < HEALING_STEPS; turn++) {
      if (!must(state) || there(state)) return state
      const moves = movesOf(members)(state).filter(
        ({ isFault, action }) => !isFault && !action.what.startsWith('is asked'),
      )
      const ages = moves.map(({ action }) => lastTaken.get(nameOf(action)) ?? -1)
      const move = moves[ages.indexOf(Math.min(...ages))]
      assert.ok(move !== undefined, 'stuck: nothing happens any more')
      lastTaken.set(nameOf(move.action), turn)
      state = taken(members, state, move)
    }
    throw new Error('somebody waits for ever though nothing fails any more')
  }
})
