/**
 * A caller who asks again as soon as it is answered, and a medium that answers at once, never let the event loop in between: no socket
 * would be read and no timer run meanwhile.
 */
import type { Clock } from './ports.ts'

export class LoopWatch {
  readonly #clock: Pick<Clock, 'soon'>
  /** Since when a turn of the event loop is waited for; undefined: there was one since the last look. */
  #wantedAtMs: number | undefined

  constructor(clock: Pick<Clock, 'soon'>) {
    this.#clock = clock
  }

  /** Whether the event loop has had no turn for longer than that. */
  isStarved(nowMs: number, forMs: number): boolean {
    if (this.#wantedAtMs !== undefined) return nowMs - this.#wantedAtMs > forMs
    this.#wantedAtMs = nowMs
    this.#clock.soon(() => {
      this.#wantedAtMs = undefined
    })
    return false
  }
}
