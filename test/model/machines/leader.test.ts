import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { testInvariants, witnesses } from './invariants.ts'
import { leaderInvariants } from './leader-invariants.ts'
import { walkLeader } from './leader-world.ts'

describe('leader, over every transition', () => {
  const walk = walkLeader()
  testInvariants(walk, leaderInvariants)

  test('every state and every fact is reached', () => {
    assert.deepEqual(
      witnesses(walk.steps.flatMap(({ from, to }) => [String(from.machine.value), String(to.machine.value)])),
      [
        'acquiring',
        'closed',
        'failed',
        'failing',
        'fenced',
        'following',
        'idle',
        'leading',
        'leaving',
        'resigning',
        'seeking',
      ],
    )
    assert.deepEqual(witnesses(walk.steps.flatMap(({ emitted }) => emitted.map(({ type }) => type))), [
      'end.wanted',
      'leader.silent',
      'leader.unwanted',
      'leader.wanted',
      'leave.wanted',
      'lock.unwanted',
      'lock.wanted',
      'reign.wanted',
      'role.changed',
      'steal.wanted',
    ])
  })

  test('a reign is wanted for each of its causes', () => {
    const reigns = walk.steps.flatMap(({ emitted }) => emitted.filter(({ type }) => type === 'reign.wanted'))
    assert.deepEqual(witnesses(reigns.map((wish) => String(wish['cause']))), ['gone', 'opened', 'resigned', 'silent'])
  })

  test('the walk has not shrunk', () => {
    console.log(`leader: ${walk.stateCount} states, ${walk.steps.length} transitions`)
    assert.deepEqual([walk.stateCount, walk.steps.length], [1676, 6000])
  })
})
