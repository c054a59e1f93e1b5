/**
 * Every request and every commit of every step fails once, in each way: the error reaches the caller, the database is what it was before
 * the step, in memory and on the medium, and work goes on.
 */
import { afterEach, expect, test } from 'vitest'
import { DatabaseError } from '../../src/errors.ts'
import type { BlockStore } from '../../src/storage/block-store.ts'
import { type Fault, FaultPlan } from './faults.ts'
import { IdbWorld } from './medium.ts'
import { expectedStates, stateOf, type Step, workload } from './workload.ts'

const states = expectedStates()
const chunked = { chunkBytes: 64 * 1024, transactionBytes: 128 * 1024, verify: 'none' } as const
let plan: FaultPlan | undefined

afterEach(() => plan?.stop())

/** Runs the workload; a step that fails is settled as its error asks, and run again. Returns how many failed. */
async function runAll(store: BlockStore, onFailed: (done: number, error: unknown) => Promise<void>): Promise<number> {
  let failures = 0
  for (const [done, step] of workload.entries()) {
    try {
      await step.run(store)
    } catch (error) {
      failures++
      await onFailed(done, error)
      await step.run(store)
    }
    expect(stateOf(store), step.name).toBe(states[done + 1])
  }
  return failures
}

async function countPoints(fault: Fault): Promise<number> {
  const { store } = await new IdbWorld().open(chunked)
  plan = new FaultPlan(fault, 0)
  await runAll(store, () => Promise.reject(new Error('nothing fails while points are counted')))
  plan.stop()
  return plan.points
}

/** Nothing of a failed step is kept: not in memory once it is settled, not on the medium. */
async function settle(store: BlockStore, done: number, error: unknown): Promise<void> {
  expect(error).toBeInstanceOf(DatabaseError)
  const { code, outcome } = error as DatabaseError
  if (code === 'STORAGE_FULL') expect(outcome).toBeUndefined()
  else {
    expect(code).toBe('STORAGE_FAILED')
    await store.voidAfterFailure()
  }
  expect(stateOf(store)).toBe(states[done])
}

const faults: readonly Fault[] = [
  { at: 'request', how: 'quota' },
  { at: 'request', how: 'unknown' },
  { at: 'commit', how: 'quota' },
  { at: 'commit', how: 'unknown' },
  { at: 'commit', how: 'lost' },
]

test.each(faults)('a failure ($how) at every $at of every step changes nothing and is told', async (fault) => {
  const points = await countPoints(fault)
  expect(points).toBeGreaterThan(workload.length)
  for (let at = 1; at <= points; at++) {
    const world = new IdbWorld()
    const { store } = await world.open(chunked)
    plan = new FaultPlan(fault, at)
    const failures = await runAll(store, (done, error) => settle(store, done, error))
    plan.stop()
    expect(plan.hasStruck).toBe(true)
    expect(failures, `point ${at}`).toBe(1)
    store.abandon()
    const again = await world.open({ ...chunked, verify: 'full' })
    expect(stateOf(again.store), `point ${at}`).toBe(states.at(-1))
  }
})

test.each(faults)('a rejected step is not there after a reopening either ($how at $at)', async (fault) => {
  const points = await countPoints(fault)
  for (let at = 1; at <= points; at++) {
    const world = new IdbWorld()
    const { store } = await world.open(chunked)
    plan = new FaultPlan(fault, at)
    const done = await untilFailure(store, (error, before) => settle(store, before, error))
    plan.stop()
    expect(plan.hasStruck).toBe(true)
    store.abandon()
    const again = await world.open({ ...chunked, verify: 'full' })
    expect(stateOf(again.store), `point ${at}`).toBe(states[done])
  }
})

/** Steps that succeeded before the first that did not. */
async function untilFailure(
  store: BlockStore,
  onFailed: (error: unknown, done: number) => Promise<void>,
): Promise<number> {
  for (const [done, step] of workload.entries()) {
    try {
      await step.run(store)
    } catch (error) {
      await onFailed(error, done)
      return done
    }
  }
  return workload.length
}

test.each(['request', 'commit'] as const)(
  'a crash at every %s leaves the state before the step or after it',
  async (where) => {
    const fault: Fault = { at: where, how: 'crash' }
    const points = await countPoints(fault)
    for (let at = 1; at <= points; at++) {
      const world = new IdbWorld()
      const { store } = await world.open(chunked)
      plan = new FaultPlan(fault, at)
      const done = await untilFailure(store, async () => undefined)
      expect(plan.hasStruck).toBe(true)
      plan.stop()
      store.abandon()
      const again = await world.open({ ...chunked, verify: 'full' })
      expect([states[done], states[done + 1]], `point ${at}`).toContain(stateOf(again.store))
      expect(await leftovers(world), `point ${at}`).toBe(0)
      await finishFrom(again.store, states.indexOf(stateOf(again.store)))
    }
  },
)

/** Chunks that no record claims. */
async function leftovers(world: IdbWorld): Promise<number> {
  const { chunks, records } = await world.logKeys()
  return chunks.filter(([, firstTxid]) => !records.includes(firstTxid)).length
}

async function finishFrom(store: BlockStore, at: number): Promise<void> {
  // States that are the same follow each other: the first of them is where the database stands.
  for (const step of workload.slice(at) satisfies readonly Step[]) await step.run(store)
  expect(stateOf(store)).toBe(states.at(-1))
}
