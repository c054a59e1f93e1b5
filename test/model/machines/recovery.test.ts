import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { testInvariants, witnesses } from './invariants.ts'
import { recoveryInvariants, walkRecovery } from './recovery-world.ts'

describe('recovery, over every transition', () => {
  const walk = walkRecovery()
  testInvariants(walk, recoveryInvariants)

  test('every state and every fact is reached', () => {
    assert.deepEqual(witnesses(walk.steps.map(({ to }) => String(to.machine?.value))), [
      'corrupt',
      'deciding',
      'failed',
      'fencing',
      'finalizing',
      'idle',
      'reconciling',
      'recovered',
      'repairing',
      'rollingBack',
      'scanning',
      'verifying',
    ])
    assert.deepEqual(witnesses(walk.steps.flatMap(({ emitted }) => emitted.map(({ type }) => type))), [
      'epoch.wanted',
      'execution.wanted',
      'plan.wanted',
      'reconcile.wanted',
      'recovery.failed',
      'recovery.finished',
      'repair.wanted',
      'scan.wanted',
      'verify.wanted',
    ])
  })

  test('the walk has not shrunk', () => {
    console.log(`recovery: ${walk.stateCount} states, ${walk.steps.length} transitions`)
    assert.deepEqual([walk.stateCount, walk.steps.length], [536, 625])
  })
})
