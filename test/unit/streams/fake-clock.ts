/** Time that passes when told to, timer by timer; counts the timers that are pending. */
export class FakeClock {
  #nowMs: number
  #timers: { readonly atMs: number; readonly fn: () => void }[] = []

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, fn }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  get pending(): number {
    return this.#timers.length
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let next = this.#nextUntil(untilMs); next !== undefined; next = this.#nextUntil(untilMs)) {
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#nowMs = next.atMs
      next.fn()
    }
    this.#nowMs = untilMs
  }

  #nextUntil(untilMs: number): { readonly atMs: number; readonly fn: () => void } | undefined {
    return this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((left, right) => left.atMs - right.atMs)[0]
  }
}
