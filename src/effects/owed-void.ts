/** A record of unknown outcome that has to be made void, and those who wait for the attempt to end. */
import type { CommitEmitted, CommitEvent } from '../machines/commit.ts'
import type { BlockStore } from '../storage/block-store.ts'
import type { MachineRef } from './facts.ts'

export interface OwedVoidPorts {
  readonly commit: MachineRef<CommitEvent, CommitEmitted>
  readonly store: BlockStore
}

export class OwedVoid {
  readonly #ports: OwedVoidPorts
  readonly #onFailed: (error: unknown) => void
  #isOwed = false
  #onTried: (() => void)[] = []

  constructor({ commit, store }: OwedVoidPorts, onFailed: (error: unknown) => void) {
    this.#ports = { commit, store }
    this.#onFailed = onFailed
  }

  /** Nothing may be sealed while it is. */
  get isOwed(): boolean {
    return this.#isOwed
  }

  /** Asks the commit machine for one more attempt. Resolves when that has ended, either way. */
  retry(): Promise<void> {
    return new Promise((resolve) => {
      this.#onTried.push(resolve)
      this.#ports.commit.send({ type: 'void.retry.requested' })
    })
  }

  /** Makes it void, and tells the commit machine what was lost with it. */
  settle(): void {
    const { store, commit } = this.#ports
    this.#isOwed = true
    const end = () => {
      for (const resolve of this.#onTried.splice(0)) resolve()
    }
    store
      .voidAfterFailure()
      .then(({ epoch, lost }) => {
        this.#isOwed = false
        const range = lost === undefined ? {} : { lostFrom: lost.from, lostTo: lost.to }
        commit.send({ type: 'void.recorded', epoch, ...range })
      }, this.#onFailed)
      .finally(end)
  }
}
