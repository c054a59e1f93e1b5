/** The opening of a member: bounded by its deadline while somebody else is waited for, and by the caller's signal. */
import type { Led, OpenOptions } from './api.ts'
import type { Clock } from './effects/ports.ts'
import { aborted } from './effects/request-queue.ts'
import { withResolvers } from './effects/with-resolvers.ts'
import { DatabaseError } from './errors.ts'
import { limits } from './limits.ts'

export interface OpeningPorts {
  readonly clock: Clock
  readonly options: Pick<OpenOptions, 'signal' | 'deadlineMs'>
  readonly location: string
  /** Who leads, as far as that is known. */
  readonly holder: () => { readonly pid?: number }
  /** The opening is given up, for this reason. */
  readonly onGivenUp: (error: DatabaseError) => void
}

export class Opening {
  readonly #ports: OpeningPorts
  readonly #opened = withResolvers<Led>()
  readonly #abort = new AbortController()
  readonly #onAbort: () => void
  #isOver = false
  #stopTimer: (() => void) | undefined

  constructor(ports: OpeningPorts) {
    this.#ports = ports
    const { signal } = ports.options
    this.#onAbort = () => {
      if (signal === undefined) return
      this.#abort.abort(signal.reason)
      this.#giveUp(aborted(signal))
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get promise(): Promise<Led> {
    return this.#opened.promise
  }

  /** Raised with the caller's, as long as it opens: what is open does not end with it. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Whoever leads is waited for, from now on. */
  seeks(): void {
    if (this.#isOver || this.#stopTimer !== undefined) return
    const { clock, options, location, holder } = this.#ports
    const { deadlineMs = limits.openMs } = options
    const onLate = () => this.#giveUp(nobodyAnswered(location, deadlineMs, holder()))
    this.#stopTimer = clock.after(deadlineMs, onLate, { keepsAlive: true })
  }

  /** Nobody is waited for: the store is being recovered here, which takes its time. */
  leads(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  succeeded(database: Led): void {
    this.#end()
    this.#opened.resolve(database)
  }

  failed(error: DatabaseError): void {
    this.#end()
    this.#opened.reject(error)
  }

  #giveUp(error: DatabaseError): void {
    this.failed(error)
    this.#ports.onGivenUp(error)
  }

  #end(): void {
    this.#isOver = true
    this.leads()
    this.#ports.options.signal?.removeEventListener('abort', this.#onAbort)
  }
}

function nobodyAnswered(location: string, deadlineMs: number, holder: { readonly pid?: number }): DatabaseError {
  const who = holder.pid === undefined ? 'elsewhere' : `in process ${holder.pid}`
  return new DatabaseError(
    'LEADER_UNRESPONSIVE',
    `${location} is open ${who}, and whoever leads it has not answered for ${deadlineMs} ms: it may be stopped, frozen or busy`,
    { details: { location, deadlineMs, ...holder }, retryable: true },
  )
}
