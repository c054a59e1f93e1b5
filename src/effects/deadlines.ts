/** Looks for those whose time is over, every now and then, while anybody waits. */
import type { Clock } from './ports.ts'

/** A deadline is kept to within this. */
const SWEEP_MS = 100

export class Deadlines {
  readonly #clock: Clock
  readonly #expire: (nowMs: number) => boolean
  #isWatching = false

  /** @param expire ends those whose time is over; says whether anybody still waits */
  constructor(clock: Clock, expire: (nowMs: number) => boolean) {
    this.#clock = clock
    this.#expire = expire
  }

  /** Somebody waits. */
  watch(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.#clock.after(SWEEP_MS, () => {
      this.#isWatching = false
      if (this.#expire(this.#clock.now())) this.watch()
    })
  }
}
