/** Those who wait until nothing is to be done. */
export class IdleWaits {
  readonly #isIdle: () => boolean
  #waiting: (() => void)[] = []

  constructor(isIdle: () => boolean) {
    this.#isIdle = isIdle
  }

  /** Resolves when it is so, at once if it is. */
  until(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** It may be so now. */
  settle(): void {
    if (!this.#isIdle()) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
