/**
 * The deadlines of many requests, kept by few timers of the platform: those that fall within the same few milliseconds share one. A deadline
 * may come late by that much, and never comes early. Nearly all are withdrawn, by an answer.
 */
import { deadlineMsMax } from '../request-options.ts'
import type { MonotonicTimer, Timer } from './timer.ts'

const GRAIN_MS = 10

interface Shared {
  readonly fns: Set<() => void>
  readonly cancel: () => void
}

export class SharedTimer implements Timer {
  readonly #timer: MonotonicTimer
  /** By when they are due, a multiple of the grain. */
  readonly #due = new Map<number, Shared>()

  constructor(timer: MonotonicTimer) {
    this.#timer = timer
  }

  /** A function waits once at a time: each call has one of its own. */
  after(ms: number, fn: () => void): () => void {
    const nowMs = this.#timer.now()
    const dueMs = Math.ceil((nowMs + ms) / GRAIN_MS) * GRAIN_MS
    const shared = this.#due.get(dueMs) ?? this.#begin(dueMs, dueMs - nowMs)
    shared.fns.add(fn)
    return () => {
      if (!shared.fns.delete(fn) || shared.fns.size > 0) return
      shared.cancel()
      this.#due.delete(dueMs)
    }
  }

  #begin(dueMs: number, waitMs: number): Shared {
    const fns = new Set<() => void>()
    const ring = () => {
      this.#due.delete(dueMs)
      for (const fn of fns) fn()
    }
    const shared = { fns, cancel: this.#timer.after(Math.min(waitMs, deadlineMsMax), ring) }
    this.#due.set(dueMs, shared)
    return shared
  }
}
