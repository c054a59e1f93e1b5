/**
 * A request that is served may be withdrawn by its client. The platform's own signal for that is an object of the DOM with listeners of
 * the DOM, and one for each request is a third of what a busy worker has to tidy away: this one is raised where it was made.
 */
import type { Signal } from '../api.ts'

export class Withdrawal implements Signal {
  /** There are none until somebody listens. */
  #listeners: (() => void)[] | undefined
  #reason: DOMException | undefined

  get aborted(): boolean {
    return this.#reason !== undefined
  }

  get reason(): unknown {
    return this.#reason
  }

  addEventListener(_: 'abort', listener: () => void): void {
    this.#listeners ??= []
    this.#listeners.push(listener)
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    const at = this.#listeners?.indexOf(listener) ?? -1
    if (at >= 0) this.#listeners?.splice(at, 1)
  }

  abort(): void {
    if (this.#reason !== undefined) return
    this.#reason = new DOMException('the client has withdrawn it', 'AbortError')
    for (let next = this.#listeners?.shift(); next !== undefined; next = this.#listeners?.shift()) next()
  }
}
