/**
 * Remembers that the outcome of a write is unknown: nothing may be written until a new series has said what is there. And which
 * commits a caller may have been answered, because those are kept then.
 */
import { DatabaseError, isDatabaseError } from '../errors.ts'
import { type Txid, txid } from '../units.ts'

export class WriteGuard {
  #poison: DatabaseError | undefined
  #confirmedTxid: Txid
  /** The last append began with this transaction. */
  #lastFirstTxid: Txid
  /** What was appended last failed a check after its barrier: it is not to be trusted, durable or not. */
  #suspectFrom: Txid | undefined

  constructor(lastTxid: Txid) {
    this.#confirmedTxid = lastTxid
    this.#lastFirstTxid = lastTxid
  }

  /** @throws STORAGE_FAILED, outcome 'unknown', while a new series is owed */
  assertSound(): void {
    if (this.#poison !== undefined) throw unknownOutcome('a write failed before; a new series is owed', this.#poison)
  }

  appended(firstTxid: Txid): void {
    this.#lastFirstTxid = firstTxid
  }

  /** Everything up to here may have been answered. */
  confirmed(lastTxid: Txid): void {
    this.#confirmedTxid = txid(Math.max(lastTxid, this.#confirmedTxid))
  }

  /** An error that says that nothing was written passes; any other leaves the outcome unknown. */
  writing<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      if (isDatabaseError(error, 'STORAGE_FULL') && error.outcome === undefined) throw error
      throw this.poisonedBy(error)
    }
  }

  /** A check of what was appended last. */
  checking(lastTxid: Txid, check: () => void): void {
    try {
      check()
    } catch (error) {
      if (lastTxid > this.#confirmedTxid) this.#suspectFrom = this.#lastFirstTxid
      throw this.poisonedBy(error)
    }
  }

  /** A broken rule of our own passes as it is, and so does the end of our lease. */
  poisonedBy(error: unknown): unknown {
    if (!isDatabaseError(error) || error.code === 'LEASE_LOST') return error
    const code = error.code === 'READBACK_MISMATCH' ? error.code : 'STORAGE_FAILED'
    this.#poison = new DatabaseError(code, error.message, { cause: error, details: error.details, outcome: 'unknown' })
    return this.#poison
  }

  /** From here until `settled` nothing but the new series is written. */
  beginVoid(): void {
    this.#poison ??= unknownOutcome('a new series is being begun')
  }

  /** The last commit that a new series keeps. */
  keptThrough({
    durableTxid,
    checkpointedTxid,
  }: {
    readonly durableTxid: Txid
    readonly checkpointedTxid: Txid
  }): Txid {
    const answered = Math.max(this.#confirmedTxid, durableTxid)
    const keepThrough = this.#suspectFrom === undefined ? answered : this.#suspectFrom - 1
    return txid(Math.max(keepThrough, checkpointedTxid))
  }

  /** The new series is durable: what it holds is what there is. */
  settled(lastTxid: Txid): void {
    this.#poison = undefined
    this.#suspectFrom = undefined
    this.#confirmedTxid = lastTxid
  }
}

export const unknownOutcome = (message: string, cause?: unknown): DatabaseError =>
  new DatabaseError('STORAGE_FAILED', message, { cause, outcome: 'unknown' })
