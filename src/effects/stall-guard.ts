/**
 * Notices that this thread stood still for longer than a lease: another one may lead by now. What was known before may be old, so nothing
 * is answered until the medium says that the epoch is still ours.
 *
 *   serving ── more than leaseMs since it was last alive ──▶ in doubt ── epoch confirmed ──▶ serving
 *                                                                     └─ not ours ──▶ the reign ends; it never serves again
 */
import { isDatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Clock } from './ports.ts'

export interface StallPorts {
  readonly clock: Clock
  readonly leaseMs: number
  /** When this thread was last known to be alive with the lock held: from there on others may have lost patience. */
  readonly aliveAtMs: number
  /** @throws LEASE_LOST, or what the medium says */
  readonly confirmEpoch: () => void | Promise<void>
  /** Told first: what was asked before this moment may be nobody's wish any more. */
  readonly onStalled: () => void
  /** It may be served again. */
  readonly onConfirmed: () => void
  readonly onLost: (error: unknown) => void
}

export class StallGuard {
  readonly #ports: StallPorts
  #aliveAtMs: number
  #isInDoubt = false
  #isStopped = false

  constructor(ports: StallPorts) {
    this.#ports = ports
    this.#aliveAtMs = ports.aliveAtMs
  }

  /** Whether anything may be served now. Called at each beat, and before whatever is served. */
  mayServe(): boolean {
    const { clock, leaseMs } = this.#ports
    const nowMs = clock.now()
    const isStalled = nowMs - this.#aliveAtMs > leaseMs
    this.#aliveAtMs = nowMs
    if (isStalled) this.doubt()
    return !this.#isInDoubt
  }

  /** Somebody says that another one leads, or this thread stood still. */
  doubt(): void {
    if (!this.#isInDoubt) void this.#confirm()
  }

  /** The reign has ended. */
  stop(): void {
    this.#isStopped = true
  }

  async #confirm(): Promise<void> {
    const { clock, leaseMs, confirmEpoch, onStalled, onConfirmed, onLost } = this.#ports
    this.#isInDoubt = true
    onStalled()
    let askedAtMs = -Infinity
    // It may have stood still with the answer in its hands.
    while (clock.now() - askedAtMs > leaseMs) {
      askedAtMs = clock.now()
      try {
        await confirmEpoch()
      } catch (error) {
        if (!isDatabaseError(error, 'STORAGE_FAILED')) return onLost(error)
        // The first read after a sleep may fail, and the medium be well a moment later. Nothing is answered meanwhile.
        await new Promise<void>((resolve) => void clock.after(limits.confirmRetryMs, resolve))
        askedAtMs = -Infinity
      }
      if (this.#isStopped) return
    }
    this.#isInDoubt = false
    onConfirmed()
  }
}
