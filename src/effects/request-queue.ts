/** Requests that wait for their turn: bounded, first in first out, and each can leave early by its AbortSignal. */
import type { Signal } from '../api.ts'
import { DatabaseError } from '../errors.ts'

interface Rejectable {
  readonly reject: (error: DatabaseError) => void
}

export class RequestQueue<E extends Rejectable> {
  readonly #max: number
  #entries: (E | undefined)[] = []
  #head = 0
  #length = 0
  readonly #stopListening = new Map<E, () => void>()

  constructor(max: number) {
    this.#max = max
  }

  /** Requests waiting. */
  get length(): number {
    return this.#length
  }

  /** Appends `entry`, or rejects it with QUEUE_FULL or ABORTED. */
  push(entry: E, signal: Signal | undefined): void {
    if (signal?.aborted === true) return entry.reject(aborted(signal))
    if (this.#length >= this.#max) return entry.reject(full(this.#max))
    this.#entries.push(entry)
    this.#length += 1
    if (signal !== undefined) this.#listen(entry, signal)
  }

  /** The request that has waited longest, off the queue. */
  shift(): E | undefined {
    while (this.#head < this.#entries.length) {
      const entry = this.#entries[this.#head]
      this.#entries[this.#head] = undefined
      this.#head += 1
      if (entry === undefined) continue
      this.#left(entry)
      this.#compact()
      return entry
    }
    return undefined
  }

  /** Puts back what was taken off last. It may leave by its AbortSignal, as before. */
  unshift(entry: E, signal: Signal | undefined): void {
    if (signal?.aborted === true) return entry.reject(aborted(signal))
    if (this.#head === 0) this.#entries.unshift(entry)
    else this.#entries[--this.#head] = entry
    this.#length += 1
    if (signal !== undefined) this.#listen(entry, signal)
  }

  takeAll(): E[] {
    return this.takeWhere(() => true)
  }

  takeWhere(isTaken: (entry: E) => boolean): E[] {
    const taken: E[] = []
    for (let index = this.#head; index < this.#entries.length; index++) {
      const entry = this.#entries[index]
      if (entry === undefined || !isTaken(entry)) continue
      this.#entries[index] = undefined
      this.#left(entry)
      taken.push(entry)
    }
    return taken
  }

  #listen(entry: E, signal: Signal): void {
    const leave = () => {
      for (const left of this.takeWhere((waiting) => waiting === entry)) left.reject(aborted(signal))
    }
    signal.addEventListener('abort', leave, { once: true })
    this.#stopListening.set(entry, () => signal.removeEventListener('abort', leave))
  }

  #left(entry: E): void {
    this.#length -= 1
    if (this.#stopListening.size === 0) return
    this.#stopListening.get(entry)?.()
    this.#stopListening.delete(entry)
  }

  #compact(): void {
    if (this.#length === 0) {
      this.#entries.length = 0
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }
}

/** The request was withdrawn before it ran. */
export const aborted = (signal: Signal) =>
  new DatabaseError('ABORTED', 'the AbortSignal was raised before the request took effect', { cause: signal.reason })

const full = (max: number) =>
  new DatabaseError('QUEUE_FULL', `${max} requests wait already; await some before sending more`, {
    details: { max },
    retryable: true,
  })
