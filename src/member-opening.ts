/** The opening of a member, which is bounded: by its deadline and by the caller's signal. */
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
  readonly #opened = withResolvers<Led>()
  readonly #stop: () => void

  constructor({ clock, options, location, holder, onGivenUp }: OpeningPorts) {
    const { signal, deadlineMs = limits.openMs } = options
    const giveUp = (error: DatabaseError) => {
      this.failed(error)
      onGivenUp(error)
    }
    const onAbort = () => signal !== undefined && giveUp(aborted(signal))
    const onLate = () => giveUp(nobodyAnswered(location, deadlineMs, holder()))
    const cancel = clock.after(deadlineMs, onLate, { keepsAlive: true })
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#stop = () => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  get promise(): Promise<Led> {
    return this.#opened.promise
  }

  succeeded(database: Led): void {
    this.#stop()
    this.#opened.resolve(database)
  }

  failed(error: DatabaseError): void {
    this.#stop()
    this.#opened.reject(error)
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
