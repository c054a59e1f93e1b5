/** Power fails after every transaction: strict commits are there, relaxed ones are a prefix, and nothing is there in part. */
import { afterEach, expect, test, vi } from 'vitest'
import { Journal } from './journal.ts'
import { IdbWorld } from './medium.ts'
import { expectedStates, stateOf, workload } from './workload.ts'

afterEach(() => vi.restoreAllMocks())

const states = expectedStates()
const chunked = { chunkBytes: 64 * 1024, transactionBytes: 128 * 1024 } as const

/** Steps after which everything is durable, by where they end. */
const isBarrier = (done: number): boolean => {
  const name = workload[done - 1]?.name ?? ''
  return ['strict', 'barrier', 'in chunks', 'checkpoint', 'checkpoint over it', 'grows again'].includes(name)
}

test('what was strict survives a loss of power at every moment; what was relaxed may be lost, whole and in order', async () => {
  const journal = new Journal()
  journal.record()
  const { store } = await new IdbWorld().open(chunked)
  /** The end of each step in the journal. */
  const ends = [journal.committed.length]
  for (const step of workload) {
    await step.run(store)
    ends.push(journal.committed.length)
  }
  vi.restoreAllMocks()
  let lost = 0
  for (let moment = ends[0] ?? 0; moment <= journal.committed.length; moment++) {
    const until = new Journal()
    until.committed.push(...journal.committed.slice(0, moment))
    const done = ends.findLastIndex((end) => end <= moment)
    const durable = Array.from({ length: done + 1 }, (_, at) => at).findLast((at) => at === 0 || isBarrier(at)) ?? 0
    for (const survivors of until.survivors()) {
      const world = await until.replay(survivors)
      const state = stateOf((await world.open({ ...chunked, verify: 'full' })).store)
      const allowed = states.slice(durable, done + 2)
      expect(allowed, `${survivors} of ${moment}`).toContain(state)
      if (state !== states[done]) lost++
    }
  }
  expect(lost).toBeGreaterThan(0)
})
