/**
 * Callers that wait for a position. `relaxed` is released by written, `strict` by durable; both queues are ordered by txid.
 */
import type { DatabaseError } from '../errors.ts'
import type { Txid } from '../units.ts'

export interface Waiter {
  readonly txid: Txid
  readonly release: () => void
  readonly reject: (error: DatabaseError) => void
  /** Monotonic milliseconds. */
  readonly deadlineAtMs: number
}

export class Acks {
  readonly #written = new WaiterQueue()
  readonly #durable = new WaiterQueue()

  wait(level: 'relaxed' | 'strict', waiter: Waiter): void {
    ;(level === 'strict' ? this.#durable : this.#written).push(waiter)
  }

  /** Whether somebody waits for a barrier over transactions up to `lastTxid`. */
  needsBarrier(lastTxid: Txid): boolean {
    const first = this.#durable.first
    return first !== undefined && first.txid <= lastTxid
  }

  get count(): number {
    return this.#written.count + this.#durable.count
  }

  release(positions: { readonly writtenTxid: Txid; readonly durableTxid: Txid }): void {
    this.#written.release(positions.writtenTxid)
    this.#durable.release(positions.durableTxid)
  }

  /** Everyone waiting beyond `afterTxid`. */
  reject(error: DatabaseError, afterTxid: Txid): void {
    this.#written.reject(afterTxid, error)
    this.#durable.reject(afterTxid, error)
  }

  /** Rejects those whose deadline has passed; what they asked for may still happen. */
  expire(nowMs: number, errorFor: (waiter: Waiter) => DatabaseError): void {
    this.#written.expire(nowMs, errorFor)
    this.#durable.expire(nowMs, errorFor)
  }
}

class WaiterQueue {
  #waiters: Waiter[] = []
  #head = 0

  get first(): Waiter | undefined {
    return this.#waiters[this.#head]
  }

  get count(): number {
    return this.#waiters.length - this.#head
  }

  /** Nearly always at the end; who asks about a receipt that others are behind of stands where it belongs. */
  push(waiter: Waiter): void {
    let at = this.#waiters.length
    while (at > this.#head && (this.#waiters[at - 1] as Waiter).txid > waiter.txid) at -= 1
    if (at === this.#waiters.length) this.#waiters.push(waiter)
    else this.#waiters.splice(at, 0, waiter)
  }

  release(through: Txid): void {
    for (let first = this.first; first !== undefined && first.txid <= through; first = this.first) {
      this.#head += 1
      first.release()
    }
    this.#compact()
  }

  reject(afterTxid: Txid, error: DatabaseError): void {
    const rejected = this.#take((waiter) => waiter.txid > afterTxid)
    for (const waiter of rejected) waiter.reject(error)
  }

  expire(nowMs: number, errorFor: (waiter: Waiter) => DatabaseError): void {
    for (const waiter of this.#take(({ deadlineAtMs }) => deadlineAtMs <= nowMs)) waiter.reject(errorFor(waiter))
  }

  #take(isTaken: (waiter: Waiter) => boolean): Waiter[] {
    const waiting = this.#waiters.slice(this.#head)
    const taken = waiting.filter(isTaken)
    if (taken.length > 0) {
      this.#waiters = waiting.filter((waiter) => !isTaken(waiter))
      this.#head = 0
    }
    return taken
  }

  #compact(): void {
    if (this.#head === this.#waiters.length) {
      this.#waiters.length = 0
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#waiters = this.#waiters.slice(this.#head)
      this.#head = 0
    }
  }
}
