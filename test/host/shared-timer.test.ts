/** Deadlines that share a timer: each rings once, not early and hardly late, and none keeps a timer that nobody needs. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SharedTimer } from '../../src/host/shared-timer.ts'

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
      const timer = new SharedTimer(bench)
      const rung = asked.map(() => [] as number[])
      const withdraw = new Map<number, () => void>()
      const steps = asked.flatMap(({ atMs, waitMs, withdrawnAtMs }, index) => [
        {
          atMs,
          do: () =>
            withdraw.set(
              index,
              timer.after(waitMs, () => rung[index]?.push(bench.nowMs)),
            ),
        },
        ...(withdrawnAtMs === undefined ? [] : [{ atMs: withdrawnAtMs, do: () => withdraw.get(index)?.() }]),
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
  const timer = new SharedTimer(bench)
  const withdrawals = Array.from({ length: 1000 }, () => timer.after(30_000, () => undefined))
  expect(bench.timers.size).toBe(1)
  for (const withdraw of withdrawals) withdraw()
  expect(bench.timers.size).toBe(0)
})

test('the longest deadline there is does not ring at once', () => {
  const bench = new Bench()
  bench.goTo(3)
  new SharedTimer(bench).after(2 ** 31 - 1, () => undefined)
  const [{ waitMs } = { waitMs: NaN }] = bench.timers
  expect(waitMs).toBeLessThanOrEqual(2 ** 31 - 1)
})
