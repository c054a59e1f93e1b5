import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { autosyncMachine } from '../../../src/machines/autosync.ts'
import { commitMachine } from '../../../src/machines/commit.ts'
import { type Invariants, testInvariants } from './invariants.ts'
import { rewired, stateOf } from './mutate.ts'
import { imagesOf } from './path-disk.ts'
import { type PathState, walkPath } from './path-world.ts'

const rules: Invariants<PathState> = {
  'D1: what was acknowledged as durable is in every image': (walk) =>
    walk.always(({ to }) => {
      for (const image of imagesOf(to.disk)) for (const uid of to.ackedDurable) assert.ok(image.includes(uid))
    }),
  'D2: what was acknowledged as written is on the medium': (walk) =>
    walk.always(({ to }) => {
      const present = imagesOf(to.disk).at(-1) ?? []
      for (const uid of to.ackedWritten) assert.ok(present.includes(uid))
    }),
  'A1, A2: every image holds groups whole and in the order of their sealing': (walk) =>
    walk.always(({ to }) => {
      for (const image of imagesOf(to.disk))
        assert.deepEqual(
          image,
          [...new Set(image)].sort((a, b) => a - b),
        )
    }),
  'A3: what was rejected for certain is in no image, then or later': (walk) =>
    walk.always(({ to }) => {
      const present = imagesOf(to.disk).at(-1) ?? []
      for (const uid of to.rejected) assert.ok(!present.includes(uid))
    }),
  'Z1: after a rival took over, nothing is acknowledged that it does not have': (walk) =>
    walk.always(({ from, to }) => {
      const { recoveredCount, records } = to.disk
      if (recoveredCount === null) return
      const recovered = records.slice(0, recoveredCount).flat()
      const acked = to.ackedWritten.filter((uid) => !from.ackedWritten.includes(uid))
      assert.ok(acked.every((uid) => recovered.includes(uid)))
    }),
  'E1: a transaction is acknowledged or rejected, never both': (walk) =>
    walk.always(({ to }) => assert.ok(to.rejected.every((uid) => !to.ackedWritten.includes(uid)))),
  'L3: while nobody takes over, every strict write can come to its end': (walk) =>
    walk.leadsTo(
      ({ strictWaits, disk }) => strictWaits.length > 0 && disk.recoveredCount === null,
      ({ strictWaits }) => strictWaits.length === 0,
    ),
}

describe('the commit path over a disk that fails, a power that fails, and a rival', () => {
  const shipped = { commit: commitMachine, autosync: autosyncMachine }
  const walk = walkPath(shipped)
  testInvariants(walk, rules)

  test('the walk has not shrunk', () => {
    console.log(`commit path: ${walk.stateCount} states, ${walk.steps.length} transitions`)
    assert.deepEqual([walk.stateCount, walk.steps.length], [55_484, 151_746])
  })

  const caught = (rule: string, commit: typeof commitMachine) =>
    test(`caught by ${rule.slice(0, 2)}`, { timeout: 120_000 }, () => {
      const mutant = walkPath({ ...shipped, commit }, { statesMax: 4000, isCut: true })
      assert.throws(() => rules[rule]?.(mutant), /after \d+ events/)
    })

  describe('acknowledged before the barrier', () =>
    caught(
      'D1: what was acknowledged as durable is in every image',
      commitMachine.provide({ guards: { needsBarrier: () => false } }),
    ))
  describe('the epoch is not confirmed', () =>
    caught(
      'Z1: after a rival took over, nothing is acknowledged that it does not have',
      rewired(commitMachine, (root) => {
        stateOf(root, 'syncing').on['barrier.passed'] = stateOf(root, 'confirming').on['epoch.confirmed']
      }),
    ))
  describe('rejected without a void', () =>
    caught(
      'A3: what was rejected for certain is in no image, then or later',
      rewired(commitMachine, (root) => {
        const rolledBack = { type: 'emitRolledBack', params: { certain: true } }
        stateOf(root, 'writing').on['outcome.unknown'] = { target: 'rolledBack', actions: rolledBack }
      }),
    ))
})
