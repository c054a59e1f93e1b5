/** Ids that wait for their end. Each gets exactly one; when the other side is gone, all do. */
import type { Signal } from '../api.ts'
import { DatabaseError, inDoubt } from '../errors.ts'
import { SharedTimer } from './shared-timer.ts'
import type { MonotonicTimer } from './timer.ts'
import type { ClientMessage, WireId } from '../wire/protocol.ts'

export interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly onBegun?: () => void
  readonly onChunk?: (value: unknown) => void
  readonly askAgain: () => void
}

export interface PendingOptions {
  readonly signal?: Signal | undefined
  /** No answer for this long: rejected, outcome unknown. Absent: the work has no bound of its own, and the other side ends it. */
  readonly waitMs?: number
  /** Buffers of the message that belong to the other side from then on. */
  readonly transfer?: readonly Transferable[]
  readonly onBegun?: () => void
  readonly onChunk?: (value: unknown) => void
  /** It was asked again: what belongs to it and is no request has to be said again, too. */
  readonly onAgain?: () => void
}

export class Pending {
  readonly #post: (message: ClientMessage, transfer?: readonly Transferable[]) => void
  readonly #timer: SharedTimer
  readonly #waiting = new Map<WireId, Waiting>()
  #lastId = 0
  #lost: DatabaseError | undefined

  constructor(post: (message: ClientMessage, transfer?: readonly Transferable[]) => void, timer: MonotonicTimer) {
    this.#post = post
    this.#timer = new SharedTimer(timer)
  }

  /** Sends the message that `make` makes for a new id. Resolves or rejects with its end. */
  ask(make: (id: WireId) => ClientMessage, options: PendingOptions = {}): Promise<unknown> {
    const { signal, waitMs, transfer, onAgain, ...heard } = options
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const cancel = () => this.#post({ kind: 'cancel', id })
      const stop = waitMs === undefined ? undefined : this.#timer.after(waitMs, () => this.reject(id, noAnswer(waitMs)))
      const end = () => {
        stop?.()
        signal?.removeEventListener('abort', cancel)
      }
      const message = make(id)
      this.#waiting.set(id, {
        ...heard,
        askAgain: () => {
          this.#post(message)
          onAgain?.()
          if (signal?.aborted === true) cancel()
        },
        resolve: (value) => (end(), resolve(value)),
        reject: (error) => {
          end()
          reject(asError(error))
        },
      })
      this.#post(message, transfer)
      if (signal?.aborted === true) cancel()
      else signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  resolve(id: WireId, value: unknown): void {
    this.#take(id)?.resolve(value)
  }

  reject(id: WireId, error: unknown): void {
    this.#take(id)?.reject(error)
  }

  begun(id: WireId): void {
    this.#waiting.get(id)?.onBegun?.()
  }

  chunk(id: WireId, value: unknown): void {
    this.#waiting.get(id)?.onChunk?.(value)
  }

  /** Whatever is waited for, in the order in which it was asked. What the other side has begun or answered it knows by its id. */
  askAgain(): void {
    for (const { askAgain } of this.#waiting.values()) askAgain()
  }

  /** The other side is gone: nobody waits any longer, and nothing more can be asked. What was asked may have been done. */
  lose(error: DatabaseError): void {
    this.#lost ??= error
    for (const id of [...this.#waiting.keys()]) this.reject(id, inDoubt(error))
  }

  #take(id: WireId): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

export const noAnswer = (waitMs: number) =>
  new DatabaseError('DEADLINE_EXCEEDED', `the thread of the database did not answer within ${waitMs} ms`, {
    outcome: 'unknown',
  })
