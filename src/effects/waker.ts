/** One timer for a machine that says when it wants to be woken. A wish that moves later leaves the armed timer as it is. */
import type { Clock } from './ports.ts'

export class Waker {
  readonly #clock: Clock
  readonly #wake: (atMs: number) => void
  #wantedAtMs: number | null = null
  #armedAtMs = Infinity
  #cancel: (() => void) | undefined

  constructor(clock: Clock, wake: (atMs: number) => void) {
    this.#clock = clock
    this.#wake = wake
  }

  /** Replaces the previous wish; null cancels it. @param atMs monotonic milliseconds */
  want(atMs: number | null): void {
    this.#wantedAtMs = atMs
    if (atMs === null || atMs >= this.#armedAtMs) return
    this.#cancel?.()
    this.#arm(atMs)
  }

  stop(): void {
    this.#wantedAtMs = null
    this.#cancel?.()
    this.#cancel = undefined
    this.#armedAtMs = Infinity
  }

  #arm(atMs: number): void {
    this.#armedAtMs = atMs
    this.#cancel = this.#clock.after(Math.max(0, Math.ceil(atMs - this.#clock.now())), () => this.#fired(), {
      keepsAlive: true,
    })
  }

  #fired(): void {
    this.#cancel = undefined
    this.#armedAtMs = Infinity
    const wanted = this.#wantedAtMs
    if (wanted === null) return
    const nowMs = this.#clock.now()
    if (nowMs < wanted) return this.#arm(wanted)
    this.#wantedAtMs = null
    this.#wake(nowMs)
  }
}
