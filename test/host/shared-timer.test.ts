/** Deadlines that share a timer: each rings once, not early and hardly late, and none keeps a timer that nobody needs. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Due, SharedTimer } from '../../src/host/shared-timer.ts'

/** Time as it is told, and the timers that were asked for. */
class Bench {
  nowMs = 0
  readonly timers = new Set<{ readonly dueMs: number; readonly waitMs: number; readonly fn: () => void }>()

  now(): number {
    return this.nowMs
  }

  after(waitMs: number, fn: () => void): () => void {
    const timer = { dueMs: this.nowMs + waitMs, waitMs, fn }
    this.timers.add(timer)
    return () => this.timers.delete(timer)
  }

  goTo(nowMs: number): void {
    for (;;) {
      const [next] = [...this.timers].filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs)
      if (next === undefined) break
      this.timers.delete(next)
      this.nowMs = Math.max(this.nowMs, next.dueMs)
      next.fn()
    }
    this.nowMs = nowMs
  }
}

const deadlines = fc.array(
  fc.record({
    atMs: fc.double({ min: 0, max: 50, noNaN: true }),
    waitMs: fc.double({ min: 0, max: 100, noNaN: true }),
    /** Undefined: it rings. */
    withdrawnAtMs: fc.option(fc.double({ min: 0, max: 200, noNaN: true }), { nil: undefined }),
  }),
  { maxLength: 30 },
)

test('each rings once, at its time or at most 10 ms after, unless it was withdrawn', () => {
  fc.assert(
    fc.property(deadlines, (asked) => {
      const bench = new Bench()
      const rung = asked.map(() => [] as number[])
      const waiting = new Map<number, Due>()
      const take = (index: number) => {
        const due = waiting.get(index)
        if (waiting.delete(index) && due !== undefined) timer.leave(due)
      }
      const timer = new SharedTimer(bench, (due) => {
        for (const [index, one] of waiting) {
          if (one !== due) continue
          rung[index]?.push(bench.nowMs)
          take(index)
        }
      })
      const steps = asked.flatMap(({ atMs, waitMs, withdrawnAtMs }, index) => [
        {
          atMs,
          do: () => void waiting.set(index, timer.enter(waitMs)),
        },
        ...(withdrawnAtMs === undefined ? [] : [{ atMs: withdrawnAtMs, do: () => take(index) }]),
      ])
      for (const step of steps.sort((one, other) => one.atMs - other.atMs)) {
        bench.goTo(step.atMs)
        step.do()
      }
      bench.goTo(1000)
      asked.forEach(({ atMs, waitMs, withdrawnAtMs = -1 }, index) => {
        const [first = Infinity, ...more] = rung[index] ?? []
        expect(more).toEqual([])
        const dueMs = atMs + waitMs
        const mayBeWithdrawn = withdrawnAtMs >= atMs && withdrawnAtMs <= dueMs + 10
        if (first === Infinity) return expect(mayBeWithdrawn).toBe(true)
        expect(first).toBeGreaterThanOrEqual(dueMs - 1e-9)
        expect(first).toBeLessThanOrEqual(dueMs + 10 + 1e-9)
      })
      expect(bench.timers.size).toBe(0)
    }),
  )
})

test('a thousand deadlines of one moment are one timer, which goes with the last of them', () => {
  const bench = new Bench()
  const timer = new SharedTimer(bench, () => undefined)
  const dues = Array.from({ length: 1000 }, () => timer.enter(30_000))
  expect(bench.timers.size).toBe(1)
  for (const due of dues) timer.leave(due)
  expect(bench.timers.size).toBe(0)
})

test('the longest deadline there is does not ring at once', () => {
  const bench = new Bench()
  bench.goTo(3)
  new SharedTimer(bench, () => undefined).enter(2 ** 31 - 1)
  const [{ waitMs } = { waitMs: NaN }] = bench.timers
  expect(waitMs).toBeLessThanOrEqual(2 ** 31 - 1)
})
