/**
 * Remembers that the outcome of a write is unknown: nothing may be written until a new series has said what is there. And which
 * commits a caller may have been answered, because those are kept then.
 */
import { DatabaseError, isDatabaseError } from '../errors.ts'
import { type Awaitable, type Txid, txid } from '../units.ts'
import type { StorePositions } from './block-store.ts'

export class WriteGuard {
  #poison: DatabaseError | undefined
  #confirmedTxid: Txid
  /** The last append began with this transaction. */
  #lastFirstTxid: Txid
  /** What was appended last failed a check after its barrier: it is not to be trusted, durable or not. */
  #suspectFrom: Txid | undefined
  /** Raised with every void: what was asked before it is not answered for what is behind it. */
  #series = 0

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

  /** A check of what was appended last. One that ends behind a void is not about what there is then. */
  checking(lastTxid: Txid, check: () => Awaitable<void>): Awaitable<void> {
    const series = this.#series
    const failed = (error: unknown): never => {
      if (series !== this.#series) throw error
      if (lastTxid > this.#confirmedTxid) this.#suspectFrom = this.#lastFirstTxid
      throw this.poisonedBy(error)
    }
    try {
      return check()?.catch(failed)
    } catch (error) {
      return failed(error)
    }
  }

  /** A check after which everything up to `lastTxid` may be answered. */
  confirming(lastTxid: Txid, check: () => Awaitable<void>): Awaitable<void> {
    const series = this.#series
    const confirmed = () => {
      if (series === this.#series) this.confirmed(lastTxid)
    }
    const checked = this.checking(lastTxid, check)
    return checked === undefined ? confirmed() : checked.then(confirmed)
  }

  /** A broken rule of our own passes as it is, and so does the end of our lease or of the store. */
  poisonedBy(error: unknown): unknown {
    if (!isDatabaseError(error) || error.code === 'LEASE_LOST' || error.code === 'STORE_LOST') return error
    const code = error.code === 'READBACK_MISMATCH' ? error.code : 'STORAGE_FAILED'
    this.#poison = new DatabaseError(code, error.message, { cause: error, details: error.details, outcome: 'unknown' })
    return this.#poison
  }

  /** From here until `settled` nothing but the new series is written. */
  beginVoid(): void {
    this.#series++
    this.#poison ??= unknownOutcome('a new series is being begun')
  }

  /** What may be answered for: while a new series is owed, only what it will keep. `kept`: by what the medium knows besides. */
  positionsOf(found: StorePositions, kept = 0): StorePositions {
    if (this.#poison === undefined) return found
    const writtenTxid = txid(Math.max(this.keptThrough(found), kept))
    return { ...found, writtenTxid, durableTxid: txid(Math.min(found.durableTxid, writtenTxid)) }
  }

  /** The last commit that a new series keeps. */
  keptThrough({ durableTxid, checkpointedTxid }: Pick<StorePositions, 'durableTxid' | 'checkpointedTxid'>): Txid {
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
