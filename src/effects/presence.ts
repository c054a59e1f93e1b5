/**
 * Looks whether a store is still there, on a medium that goes on without it: Chromium takes writes to files of OPFS that were cleared
 * from under their handles. A look costs about as much as a commit, so not every commit has one:
 *
 *   answer ─▶ was it seen within the last `lookMsMax`? ─yes─▶ given, and a look follows within `lookEveryMs`
 *                                                      └no──▶ a look first
 *
 * So what is acknowledged and lost was acknowledged within `lookMsMax` of a look, and its loss is told by the next one.
 */
import { isDatabaseError, type DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { StorePresence } from '../storage/store-presence.ts'
import type { Clock } from './ports.ts'

export interface PresencePorts {
  /** @throws STORE_LOST; anything else says nothing */
  readonly look: () => Promise<void>
  readonly clock: Pick<Clock, 'now' | 'after'>
  /** A look that nobody waited for has found nothing. */
  readonly onLost: (error: DatabaseError) => void
}

export class Presence implements StorePresence {
  readonly #ports: PresencePorts
  #seenAtMs = -Infinity
  #isStopped = false
  #cancel: (() => void) | undefined

  constructor(ports: PresencePorts) {
    this.#ports = ports
  }

  assert(): Promise<void> | undefined {
    if (this.#ports.clock.now() - this.#seenAtMs > limits.lookMsMax) return this.look()
    this.#arm(limits.lookEveryMs)
    return undefined
  }

  async look(): Promise<void> {
    const { look, clock } = this.#ports
    const atMs = clock.now()
    try {
      await look()
      this.#seenAtMs = atMs
      this.#arm(limits.lookEveryMs)
    } catch (error) {
      this.#arm(0)
      throw error
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  #arm(ms: number): void {
    if (this.#isStopped || this.#cancel !== undefined) return
    this.#cancel = this.#ports.clock.after(ms, () => {
      this.#cancel = undefined
      void this.#lookBehind()
    })
  }

  /** One that fails in another way has seen nothing: the next answer waits for a look of its own. */
  async #lookBehind(): Promise<void> {
    const { look, clock, onLost } = this.#ports
    const atMs = clock.now()
    try {
      await look()
      this.#seenAtMs = atMs
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      if (error.code === 'STORE_LOST' && !this.#isStopped) onLost(error)
    }
  }
}
