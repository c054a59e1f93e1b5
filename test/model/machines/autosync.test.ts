import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { autosyncInvariants } from './autosync-invariants.ts'
import { walkAutosync } from './autosync-world.ts'
import { testInvariants, witnesses } from './invariants.ts'

describe('autosync, over every transition', () => {
  const walk = walkAutosync()
  testInvariants(walk, autosyncInvariants)

  test('every state, trigger and fact is reached', () => {
    const emitted = walk.steps.flatMap((step) => step.emitted)
    assert.deepEqual(witnesses(walk.steps.map(({ to }) => JSON.stringify(to.machine?.value))), [
      '"backingOff"',
      '"closed"',
      '"debouncing"',
      '"flushing"',
      '"idle"',
      '{"draining":"backingOff"}',
      '{"draining":"flushing"}',
    ])
    assert.deepEqual(witnesses(emitted.map(({ type }) => type)), [
      'backpressure.changed',
      'drained',
      'flush.wanted',
      'wake.wanted',
    ])
    assert.deepEqual(
      witnesses(emitted.flatMap((fact) => (fact.type === 'flush.wanted' ? [String(fact['trigger'])] : []))),
      ['debounce', 'drain', 'interval', 'maxWait', 'requested', 'retry', 'threshold', 'urgent'],
    )
  })

  test('the walk has not shrunk', () => {
    console.log(`autosync: ${walk.stateCount} states, ${walk.steps.length} transitions`)
    assert.deepEqual([walk.stateCount, walk.steps.length], [27_616, 154_297])
  })
})
