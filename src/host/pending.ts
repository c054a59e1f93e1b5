/** Ids that wait for their end. Each gets exactly one; when the other side is gone, all do. */
import type { Signal } from '../api.ts'
import { asError, DatabaseError, inDoubt } from '../errors.ts'
import { type Due, SharedTimer } from './shared-timer.ts'
import type { MonotonicTimer } from './timer.ts'
import type { ClientMessage, WireId } from '../wire/protocol.ts'

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

/** One object for each: a thousand may wait at once. */
interface Waiting {
  readonly message: ClientMessage
  readonly options: PendingOptions
  readonly due: Due | undefined
  readonly cancel: (() => void) | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

const NONE: PendingOptions = {}

export class Pending {
  readonly #post: (message: ClientMessage, transfer?: readonly Transferable[]) => void
  readonly #timer: SharedTimer
  readonly #waiting = new Map<WireId, Waiting>()
  #lastId = 0
  #lost: DatabaseError | undefined

  constructor(post: (message: ClientMessage, transfer?: readonly Transferable[]) => void, timer: MonotonicTimer) {
    this.#post = post
    this.#timer = new SharedTimer(timer, (due) => this.#expire(due))
  }

  /** Sends the message that `make` makes for a new id. Resolves or rejects with its end. */
  ask(make: (id: WireId) => ClientMessage, options: PendingOptions = NONE): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const { signal, waitMs, transfer } = options
      const message = make(id)
      const cancel = signal === undefined ? undefined : () => this.#post({ kind: 'cancel', id })
      const due = waitMs === undefined ? undefined : this.#timer.enter(waitMs)
      this.#waiting.set(id, { message, options, due, cancel, resolve, reject })
      this.#post(message, transfer)
      if (cancel === undefined) return
      if (signal?.aborted === true) cancel()
      else signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  resolve(id: WireId, value: unknown): void {
    this.#take(id)?.resolve(value)
  }

  reject(id: WireId, error: unknown): void {
    this.#take(id)?.reject(asError(error))
  }

  begun(id: WireId): void {
    this.#waiting.get(id)?.options.onBegun?.()
  }

  chunk(id: WireId, value: unknown): void {
    this.#waiting.get(id)?.options.onChunk?.(value)
  }

  /** Whatever is waited for, in the order in which it was asked. What the other side has begun or answered it knows by its id. */
  askAgain(): void {
    for (const { message, options, cancel } of this.#waiting.values()) {
      this.#post(message)
      options.onAgain?.()
      if (options.signal?.aborted === true) cancel?.()
    }
  }

  /** The other side is gone: nobody waits any longer, and nothing more can be asked. What was asked may have been done. */
  lose(error: DatabaseError): void {
    this.#lost ??= error
    for (const id of [...this.#waiting.keys()]) this.reject(id, inDoubt(error))
  }

  #take(id: WireId): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    const { due, cancel, options } = waiting
    if (due !== undefined) this.#timer.leave(due)
    if (cancel !== undefined) options.signal?.removeEventListener('abort', cancel)
    return waiting
  }

  #expire(due: Due): void {
    for (const [id, waiting] of this.#waiting)
      if (waiting.due === due) this.reject(id, noAnswer(waiting.options.waitMs ?? NaN))
  }
}

export const noAnswer = (waitMs: number) =>
  new DatabaseError('DEADLINE_EXCEEDED', `the thread of the database did not answer within ${waitMs} ms`, {
    outcome: 'unknown',
  })
