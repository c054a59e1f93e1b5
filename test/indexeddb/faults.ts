/**
 * Faults of IndexedDB, injected at the n-th point of a run. Points are the requests of readwrite transactions, or their commits.
 *
 *   request  quota | unknown   the request fails, and with it its transaction
 *   commit   quota | unknown   every request succeeded, the transaction is aborted all the same
 *   commit   lost              it is committed, and the connection is gone before anybody hears of it
 *   crash                      the transaction in flight is dropped, and so is everything after it
 */
import { IDBTransaction } from 'fake-indexeddb'

export interface Fault {
  readonly at: 'request' | 'commit'
  readonly how: 'quota' | 'unknown' | 'lost' | 'crash'
}

/** What of the implementation is replaced while faults are on. */
interface Internals {
  readonly mode: string
  readonly db: { onclose: (() => void) | null }
  _abort(name: string | null): void
  _execRequestAsync(request: { operation: () => unknown }): unknown
  commit(): void
}

const internals = IDBTransaction.prototype as unknown as Internals
const original = { exec: internals._execRequestAsync, commit: internals.commit }

const errorNames = { quota: 'QuotaExceededError', unknown: 'UnknownError', lost: 'AbortError', crash: 'AbortError' }

/** From its making to `stop`, counts points and strikes at one of them. */
export class FaultPlan {
  points = 0
  /** The fault has happened. */
  hasStruck = false
  readonly #fault: Fault
  readonly #strikeAt: number

  /** `strikeAt` counts from 1; 0 only counts. */
  constructor(fault: Fault, strikeAt: number) {
    this.#fault = fault
    this.#strikeAt = strikeAt
    const strikes = (where: Fault['at']) => this.#strikes(where)
    internals._execRequestAsync = function (this: Internals, request) {
      if (this.mode !== 'readwrite' || !strikes('request')) return original.exec.call(this, request)
      const operation = () => {
        throw new DOMException('injected', errorNames[fault.how])
      }
      return original.exec.call(this, { ...request, operation })
    }
    internals.commit = function (this: Internals) {
      if (this.mode !== 'readwrite' || !strikes('commit')) return original.commit.call(this)
      if (fault.how !== 'lost') return this._abort(errorNames[fault.how])
      original.commit.call(this)
      this.db.onclose?.()
    }
  }

  stop(): void {
    internals._execRequestAsync = original.exec
    internals.commit = original.commit
  }

  #strikes(at: Fault['at']): boolean {
    if (this.hasStruck && this.#fault.how === 'crash') return true
    if (at !== this.#fault.at) return false
    this.points++
    if (this.points !== this.#strikeAt) return false
    this.hasStruck = true
    return true
  }
}
