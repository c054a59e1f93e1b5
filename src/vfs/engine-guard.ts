/**
 * Whether the engine may be entered. An exception that passes through C leaves SQLite in pieces: it poisons the engine, which is then
 * refused until it has been made anew.
 *
 *   open ─exception from inside→ poisoned ─→ rebuilding ─→ open      any ─→ closed
 */
import { DatabaseError } from '../errors.ts'
import { closed, failed } from './engine-errors.ts'
import { StackOverflow, tooDeep } from './stack-guard.ts'

export type EngineState = 'open' | 'rebuilding' | 'closed' | 'poisoned'

export class EngineGuard {
  /** Control is inside SQLite: an exception now has passed through C. */
  isInside = false
  readonly #onPoisoned: () => void
  #state: EngineState = 'open'
  #cause: unknown

  constructor(onPoisoned: () => void) {
    this.#onPoisoned = onPoisoned
  }

  get state(): EngineState {
    return this.#state
  }

  get isPoisoned(): boolean {
    return this.#state === 'poisoned'
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  turn(state: Exclude<EngineState, 'poisoned'>): void {
    this.#state = state
    this.#cause = undefined
  }

  poison(cause: unknown): void {
    this.#state = 'poisoned'
    this.#cause = cause
  }

  /** @throws DATABASE_CLOSED, DATABASE_FAILED */
  assertOpen(): void {
    if (this.#state === 'open') return
    throw this.#state === 'closed' ? closed() : failed(this.#cause)
  }

  /** Runs what goes into SQLite. */
  run(inside: () => unknown): void {
    try {
      this.isInside = true
      inside()
      this.isInside = false
    } catch (error) {
      throw this.surface(error)
    }
  }

  /** What the caller gets for `error`. An exception that is not ours and came from inside SQLite poisons the engine. */
  surface(error: unknown): unknown {
    const wasInside = this.isInside
    this.isInside = false
    if (error instanceof DatabaseError || !wasInside) return error
    this.poison(error)
    this.#onPoisoned()
    return error instanceof StackOverflow ? tooDeep(error) : failed(error)
  }
}
