import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AutosyncPolicy } from '../../../src/machines/autosync.ts'
import { parityRows } from '../autosync-parity.ts'
import { play, type Script, type ScriptStep } from '../autosync-script.ts'

const SEED = 20_260_711

const policy: fc.Arbitrary<AutosyncPolicy> = fc.record({
  intervalMs: fc.constantFrom(0, 70, 300),
  debounceMs: fc.constantFrom(0, 20, 90),
  maxWaitMs: fc.constantFrom(50, 200, 1000),
  maxDirtyBlocks: fc.constantFrom(0, 3, 10),
  maxDirtyBytes: fc.constantFrom(0, 4096, 40_960),
})

/** Pauses before each step, so that bursts and long silences both occur. */
const paused = fc.array(
  fc.record({
    pauseMs: fc.constantFrom(0, 1, 10, 40, 150, 900),
    step: fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ blocks: fc.integer({ min: 1, max: 4 }), urgency: fc.constant('policy' as const) }),
      },
      { weight: 1, arbitrary: fc.record({ blocks: fc.constant(1), urgency: fc.constant('now' as const) }) },
      { weight: 1, arbitrary: fc.constant('flush.requested' as const) },
    ),
  }),
  { minLength: 1, maxLength: 60 },
)

const script: fc.Arbitrary<Script> = fc
  .record({ policy, paused, flushMs: fc.constantFrom(0, 3, 60) })
  .map(({ policy, paused, flushMs }) => {
    let atMs = 0
    const steps = paused.map(({ pauseMs, step }): ScriptStep => {
      atMs += pauseMs
      return typeof step === 'string' ? { atMs, wish: step } : { atMs, write: step }
    })
    return { policy, steps, flushMs, untilMs: atMs + policy.maxWaitMs + 3 * flushMs + 1 }
  })

const isStrict = (step: ScriptStep) => 'write' in step && step.write.urgency === 'now'

describe('autosync on a discrete clock', () => {
  test.each(parityRows)('$name', (row) => {
    expect(play(row).flushes).toEqual(row.flushes)
  })

  test('L1: no write waits longer than maxWaitMs and two flushes to be durable', () => {
    console.log(`seed ${SEED}`)
    const property = fc.property(script, (played) => {
      const { lagsMs } = play(played)
      const boundMs = played.policy.maxWaitMs + 2 * (played.flushMs ?? 0)
      for (const lagMs of lagsMs) assert.ok(lagMs <= boundMs, `${lagMs} ms > ${boundMs} ms`)
    })
    fc.assert(property, { seed: SEED, numRuns: 500 })
  }, 60_000)

  test('a strict write is durable after at most two flushes', () => {
    const property = fc.property(script, (played) => {
      const writes = played.steps.filter((step) => 'write' in step)
      const { lagsMs } = play(played)
      writes.forEach((step, i) => isStrict(step) && assert.ok((lagsMs[i] ?? Infinity) <= 2 * (played.flushMs ?? 0)))
    })
    fc.assert(property, { seed: SEED, numRuns: 300 })
  }, 60_000)

  test('moved by any number of intervals, a script flushes the same', () => {
    const property = fc.property(script, fc.integer({ min: 1, max: 5 }), (played, times) => {
      const byMs = times * (played.policy.intervalMs === 0 ? 137 : played.policy.intervalMs)
      const moved = {
        ...played,
        steps: played.steps.map((step) => ({ ...step, atMs: step.atMs + byMs })),
        untilMs: played.untilMs + byMs,
      }
      const back = play(moved).flushes.map((flush) => ({ ...flush, atMs: flush.atMs - byMs }))
      assert.deepEqual(back, play(played).flushes)
    })
    fc.assert(property, { seed: SEED, numRuns: 300 })
  }, 60_000)

  test('a drain makes everything durable and ends', () => {
    const property = fc.property(script, (played) => {
      const atMs = (played.steps.at(-1)?.atMs ?? 0) + 1
      const drained = play({
        ...played,
        steps: [...played.steps, { atMs, wish: 'drain.requested' }],
        untilMs: atMs + 300,
      })
      assert.equal(drained.isDrained, true)
      assert.ok(drained.lagsMs.every(Number.isFinite))
    })
    fc.assert(property, { seed: SEED, numRuns: 300 })
  }, 60_000)
})
