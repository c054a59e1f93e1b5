/**
 * Which clients were forgotten: their requests may have been applied, and nobody knows any more.
 *
 * A client is kept as the xxh64 of its id, 16 hexadecimal digits. No client that was forgotten is ever missed. One that was not is taken
 * for one with a chance of 2⁻⁶⁴ for each that was; it is refused then, which does no harm. The set is never emptied: a client may ask
 * again after any time. It is bounded instead: when it is full, clients that were never seen are refused.
 */
import { limits } from '../limits.ts'
import { xxh64 } from './checksum.ts'

const markDigits = 16
const encoder = new TextEncoder()

export class ForgottenClients {
  readonly #marks = new Set<string>()

  /** No further client is to be forgotten, so none may be added that takes the place of another. */
  get isFull(): boolean {
    return this.#marks.size >= limits.forgottenClientsMax
  }

  has(clientId: string): boolean {
    return this.#marks.has(markOf(clientId))
  }

  /** Beyond the bound too: requests that were let run before it was reached are recorded after. */
  add(clientId: string): void {
    this.#marks.add(markOf(clientId))
  }

  /** All marks, one after another; empty for none. */
  get marks(): string {
    return [...this.#marks].join('')
  }

  addMarks(marks: string): void {
    for (let at = 0; at < marks.length; at += markDigits) this.#marks.add(marks.slice(at, at + markDigits))
  }
}

const markOf = (clientId: string): string => xxh64(encoder.encode(clientId)).toString(16).padStart(markDigits, '0')
