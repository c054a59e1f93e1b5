/**
 * Time that jumps from one event to the next. Every timer sees its own time, a timer set by a timer runs in its turn, and those of one
 * moment run in the order in which they were set.
 */
interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class DiscreteClock {
  #nowMs = 0
  #order = 0
  readonly #timers = new Set<Timer>()

  /** Milliseconds since the clock was made. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Runs at `atMs`, or now if that has passed. Returns how to cancel it. */
  at(atMs: number, run: () => void): () => void {
    const timer = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Runs everything that is due until `untilMs`, and leaves the time there. */
  runUntil(untilMs: number): void {
    while (this.runNext(untilMs));
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /** Runs the earliest timer that is due until `untilMs`; returns whether there was one. */
  runNext(untilMs: number): boolean {
    const next = this.#earliest()
    if (next === undefined || next.atMs > untilMs) return false
    this.#timers.delete(next)
    this.#nowMs = next.atMs
    next.run()
    return true
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.atMs < earliest.atMs) earliest = timer
      else if (timer.atMs === earliest.atMs && timer.order < earliest.order) earliest = timer
    }
    return earliest
  }
}
