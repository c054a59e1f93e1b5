import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { commitInvariants, walkCommit } from './commit-world.ts'
import { testInvariants, witnesses } from './invariants.ts'

describe('commit, over every transition', () => {
  const walk = walkCommit()
  testInvariants(walk, commitInvariants)

  test('every state and every fact is reached', () => {
    assert.deepEqual(witnesses(walk.steps.map(({ to }) => String(to.machine.value))), [
      'committed',
      'confirming',
      'fenced',
      'idle',
      'poisoned',
      'readingBack',
      'rolledBack',
      'syncing',
      'unpoisoning',
      'voiding',
      'writing',
    ])
    assert.deepEqual(witnesses(walk.steps.flatMap(({ emitted }) => emitted.map(({ type }) => type))), [
      'barrier.wanted',
      'commit.committed',
      'commit.fenced',
      'commit.refused',
      'commit.rolledBack',
      'commits.lost',
      'confirmation.wanted',
      'readback.wanted',
      'void.wanted',
      'write.wanted',
    ])
  })

  test('the walk has not shrunk', () => {
    console.log(`commit: ${walk.stateCount} states, ${walk.steps.length} transitions`)
    assert.deepEqual([walk.stateCount, walk.steps.length], [7979, 30_422])
  })
})
