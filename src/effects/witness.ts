/**
 * Keeps the witness of a store up to date: written after the fact and at most once a second, it lags and never leads. What is
 * lost within the lag goes unseen.
 */
import type { Epoch, Txid } from '../units.ts'
import type { Clock } from './ports.ts'
import { within } from './within.ts'

const PAUSE_MS = 1000
/** The end of a reign waits no longer than this for the last note. */
const WAIT_MS_MAX = 2000

export interface WitnessPosition {
  readonly epoch: Epoch
  readonly durableTxid: Txid
}

/** Keeps a witness: told of every commit, it writes the last one told when the pause is over. */
export class WitnessKeeper {
  readonly #write: (position: WitnessPosition) => Promise<void>
  readonly #clock: Pick<Clock, 'after'>
  #isFirst = true
  #next: WitnessPosition | undefined
  #writing: Promise<void> | undefined
  #cancel: (() => void) | undefined

  constructor(write: (position: WitnessPosition) => Promise<void>, clock: Pick<Clock, 'after'>) {
    this.#write = write
    this.#clock = clock
  }

  /** `position` is durable. */
  note(position: WitnessPosition): void {
    this.#next = position
    if (this.#isFirst) {
      // Of a reign that ends within the first second there is a witness too.
      this.#isFirst = false
      void this.flush()
      return
    }
    this.#cancel ??= this.#clock.after(PAUSE_MS, () => {
      this.#cancel = undefined
      void this.flush()
    })
  }

  /** Writes what was noted last, now. A witness that cannot be written lags: nothing that was promised depends on it. */
  async flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    await this.#written()
    const position = this.#next
    if (position !== undefined) {
      this.#next = undefined
      this.#writing = this.#write(position).catch(() => undefined)
    }
    await this.#written()
  }

  /** Resolves when nothing is being written: whoever leads next notes its own position, and nothing of ours comes after it. */
  async leave(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    await this.#written()
  }

  async #written(): Promise<void> {
    if (this.#writing === undefined) return
    await within(this.#writing, { ms: WAIT_MS_MAX, clock: this.#clock, late: () => undefined })
  }
}
