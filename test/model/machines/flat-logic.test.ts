/** The quick way to run the machines of the hot path is XState's: the same walk, state by state and fact by fact. */
import { createActor } from 'xstate'
import { describe, expect, test } from 'vitest'
import { autosyncMachine } from '../../../src/machines/autosync.ts'
import { commitMachine } from '../../../src/machines/commit.ts'
import { flatLogic } from '../../../src/machines/flat-logic.ts'
import type { Walk } from '../explore.ts'
import { keyOf } from '../key.ts'
import { isLong } from '../replay.ts'
import { walkAutosync } from './autosync-world.ts'
import { walkCommit } from './commit-world.ts'

function expectSame<S>(quick: Walk<S>, general: Walk<S>): void {
  expect(quick.stateCount).toBe(general.stateCount)
  expect(quick.steps.length).toBe(general.steps.length)
  for (const [index, step] of quick.steps.entries()) {
    const other = general.steps[index]
    if (keyOf([step.event, step.to, step.emitted]) === keyOf([other?.event, other?.to, other?.emitted])) continue
    expect({ after: quick.pathTo(step.from), ...step }).toEqual(other)
  }
}

/** Whole walks take a minute each, and each is taken twice: their first states otherwise. */
const bounds = isLong ? {} : { statesMax: 1500, isCut: true }

describe('the flat logic', () => {
  test('takes every transition of commit as XState does', { timeout: 600_000 }, () => {
    const general = walkCommit(commitMachine, bounds)
    expectSame(walkCommit(flatLogic(commitMachine), bounds), general)
    expect(general.steps.length).toBeGreaterThan(100)
  })

  test('takes every transition of autosync as XState does', { timeout: 600_000 }, () => {
    const general = walkAutosync(autosyncMachine, bounds)
    expectSame(walkAutosync(flatLogic(autosyncMachine), bounds), general)
    expect(general.steps.length).toBeGreaterThan(100)
  })

  test('is really used: the strict path never asks XState', () => {
    const asked: string[] = []
    const watched = Object.create(commitMachine, {
      transition: {
        value: (...args: Parameters<typeof commitMachine.transition>) => {
          asked.push(args[1].type)
          return commitMachine.transition(...args)
        },
      },
    }) as typeof commitMachine
    const actor = createActor(flatLogic(watched), { input: { epoch: 1, writtenTxid: 0, durableTxid: 0 } }).start()
    const committed: number[] = []
    actor.on('commit.committed', ({ lastTxid }) => void committed.push(lastTxid))
    actor.send({ type: 'commit.requested', firstTxid: 1, lastTxid: 1, needsBarrier: true, verifyAfterWrite: false })
    for (const type of ['record.written', 'barrier.passed', 'epoch.confirmed'] as const) actor.send({ type })
    expect(committed).toEqual([1])
    expect(asked).toEqual([])
    const general = createActor(commitMachine, { input: { epoch: 1, writtenTxid: 0, durableTxid: 0 } }).getSnapshot()
    expect(Object.keys(actor.getSnapshot()).sort()).toEqual(Object.keys(general).sort())
    actor.send({ type: 'epoch.superseded' })
    expect(asked).toEqual(['epoch.superseded'])
  })
})
