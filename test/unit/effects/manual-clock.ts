/** Time that moves only when told to. */
import type { Clock } from '../../../src/effects/ports.ts'

export class ManualClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly fn: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, fn }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  soon(fn: () => void): void {
    this.after(0, fn)
  }

  get armedCount(): number {
    return this.#timers.length
  }

  /** Runs every timer that is due on the way, in order, each at its own time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.fn()
    }
    this.#nowMs = untilMs
  }
}
