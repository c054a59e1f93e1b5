/**
 * The deadlines of many requests, kept by few timers of the platform: those that fall within the same few milliseconds share one. A deadline
 * may come late by that much, and never comes early. Nearly all are withdrawn, by an answer: one that waits costs a number.
 */
import { deadlineMsMax } from '../request-options.ts'
import type { MonotonicTimer } from './timer.ts'

const GRAIN_MS = 10

/** A moment at which some are due. Who waits for it keeps it, and is looked for by it when it has come. */
export interface Due {
  /** A multiple of the grain. */
  readonly atMs: number
}

interface Shared extends Due {
  count: number
  cancel: () => void
}

export class SharedTimer {
  readonly #timer: MonotonicTimer
  readonly #onDue: (due: Due) => void
  readonly #shared = new Map<number, Shared>()

  constructor(timer: MonotonicTimer, onDue: (due: Due) => void) {
    this.#timer = timer
    this.#onDue = onDue
  }

  /** One more waits, for that long. */
  enter(ms: number): Due {
    const nowMs = this.#timer.now()
    const atMs = Math.ceil((nowMs + ms) / GRAIN_MS) * GRAIN_MS
    const shared = this.#shared.get(atMs) ?? this.#begin(atMs, atMs - nowMs)
    shared.count += 1
    return shared
  }

  /** One less does; each that entered leaves once, also when its time has come. */
  leave(due: Due): void {
    const shared = due as Shared
    shared.count -= 1
    if (shared.count > 0 || this.#shared.get(shared.atMs) !== shared) return
    shared.cancel()
    this.#shared.delete(shared.atMs)
  }

  #begin(atMs: number, waitMs: number): Shared {
    const ring = () => {
      this.#shared.delete(atMs)
      this.#onDue(shared)
    }
    const shared: Shared = { atMs, count: 0, cancel: this.#timer.after(Math.min(waitMs, deadlineMsMax), ring) }
    this.#shared.set(atMs, shared)
    return shared
  }
}
