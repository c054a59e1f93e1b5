/**
 * Under which name a member's requests are known to those who lead: `~<epoch>~<random>:<n>`, n counting from 1.
 *
 * The epoch is the one in which the name was made: leaders forget whole epochs of such names at once (docs/format.md, requests). The
 * numbers that are underway lie within a window, so that a leader keeps the outcome of each of them.
 */
import { limits } from '../limits.ts'

export class ClientIdentity {
  readonly #clientId: string
  readonly #underway = new Set<number>()
  #last = 0

  constructor(epoch: number, random: string) {
    this.#clientId = `~${epoch}~${random}`
  }

  /** One more request may be underway. */
  get hasRoom(): boolean {
    // Numbers are added in order, so the first is the lowest.
    const [lowest] = this.#underway
    return lowest === undefined || this.#last + 1 - lowest < limits.requestWindow
  }

  next(): number {
    this.#last += 1
    this.#underway.add(this.#last)
    return this.#last
  }

  ended(requestNo: number): void {
    this.#underway.delete(requestNo)
  }

  requestId(requestNo: number): string {
    return `${this.#clientId}:${requestNo}`
  }
}
