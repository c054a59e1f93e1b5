/**
 * Every history of some members that share one database, within bounds: the shipped leader machine in each of them, a store that fences, a
 * lock that can be robbed, a channel that cannot be relied on. Every rule of rules.ts holds at every step, and what must come can come.
 * DATASYNC_TEST_LONG=1 walks larger spaces as well.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { isLong } from '../replay.ts'
import { long, type Space, usual } from './bounds.ts'
import { walkCluster } from './walk-cluster.ts'

/** What has to have happened in a space for it to say anything. */
const always = ['accepts', 'answers', 'appends', 'begins', 'finds it done', 'misses a beat', 'raises the epoch', 'runs']
const whereFaulty = [
  'closes',
  'crashes',
  'freezes',
  'gives up',
  'hears that its leader resigns',
  'loses its connection',
  'still leads',
  'tells to ask again for',
  'thaws',
]
const whereRobbed = ['finds a higher epoch', 'hears of another leader', 'hears that it was robbed']
const whereRobbedFrozen = ['hears that it has the lock']
const whereWild = ['drops answer of']
const whereLossy = ['loses answer of', 'loses ask of']

function expected({ protocol, bounds }: Space): readonly string[] {
  const isFaulty = bounds.faultsMax > 0
  const isRobbed = protocol.medium === 'indexeddb'
  const isWild = protocol.channel === 'wild'
  return [
    ...always,
    ...(isFaulty ? whereFaulty : []),
    ...(isRobbed ? whereRobbed : []),
    ...(isRobbed && isFaulty ? whereRobbedFrozen : []),
    ...(isWild ? whereWild : []),
    ...(isWild && isFaulty ? whereLossy : []),
  ]
}

describe('members that share a database, over every history', () => {
  test.each([...usual, ...(isLong ? long : [])])('$name', { timeout: 3_600_000 }, (space) => {
    const { stateCount, stepCount, mustCount, witnesses, epochMax } = walkCluster(space.protocol, space.bounds)
    console.log(`${space.name}: ${stateCount} states, ${stepCount} transitions, ${epochMax} epochs`)
    assert.deepEqual(
      expected(space).filter((what) => !witnesses.includes(what)),
      [],
    )
    assert.ok(mustCount > stateCount / 2, 'progress is asked of most states')
    assert.deepEqual({ stateCount, stepCount }, space.size ?? { stateCount, stepCount })
  })
})
