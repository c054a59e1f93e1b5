import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { databaseInvariants, walkDatabase } from './database-world.ts'
import { testInvariants, witnesses } from './invariants.ts'

describe('database, over every transition', () => {
  const walk = walkDatabase()
  testInvariants(walk, databaseInvariants)

  test('every state and every fact is reached', () => {
    assert.deepEqual(
      witnesses(walk.steps.flatMap(({ from, to }) => [String(from.machine.value), String(to.machine.value)])),
      ['candidate', 'closed', 'draining', 'failed', 'failing', 'leading', 'opening', 'recovering', 'releasing'],
    )
    assert.deepEqual(witnesses(walk.steps.flatMap(({ emitted }) => emitted.map(({ type }) => type))), [
      'drain.wanted',
      'lock.wanted',
      'recovery.wanted',
      'release.wanted',
      'status.changed',
    ])
  })

  test('the walk has not shrunk', () => {
    console.log(`database: ${walk.stateCount} states, ${walk.steps.length} transitions`)
    assert.deepEqual([walk.stateCount, walk.steps.length], [110, 327])
  })
})
