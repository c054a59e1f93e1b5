/** What is in the log, record by record; the records themselves are on the medium alone. */
import { type Txid, txid } from '../../units.ts'

export interface LoggedRecord {
  readonly epoch: number
  /** Also its key. */
  readonly firstTxid: Txid
  readonly lastTxid: Txid
  readonly hash: bigint
  readonly bytes: number
  /** 0: one value. */
  readonly chunks: number
}

export class LogIndex {
  #records: LoggedRecord[]
  #lastTxid: Txid
  #hash: bigint
  #bytes: number
  durableTxid: Txid

  /** A log whose records follow `base` and are durable. */
  constructor(base: { readonly lastTxid: Txid; readonly hash: bigint }, records: readonly LoggedRecord[]) {
    const last = records.at(-1) ?? base
    this.#records = [...records]
    this.#lastTxid = last.lastTxid
    this.#hash = last.hash
    this.#bytes = records.reduce((sum, { bytes }) => sum + bytes, 0)
    this.durableTxid = last.lastTxid
  }

  get records(): readonly LoggedRecord[] {
    return this.#records
  }

  get lastTxid(): Txid {
    return this.#lastTxid
  }

  /** Of the last record: what the next one names as the one before it. */
  get hash(): bigint {
    return this.#hash
  }

  get bytes(): number {
    return this.#bytes
  }

  get hasUnflushed(): boolean {
    return this.durableTxid < this.#lastTxid
  }

  add(record: LoggedRecord): void {
    this.#records.push(record)
    this.#lastTxid = record.lastTxid
    this.#hash = record.hash
    this.#bytes += record.bytes
  }

  /** They are in the home. */
  dropThrough(through: Txid): void {
    this.#records = this.#records.filter(({ lastTxid }) => lastTxid > through)
    this.#bytes = this.#records.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** The record that ends with this transaction. */
  endingWith(lastTxid: Txid): LoggedRecord | undefined {
    return this.#records.find((record) => record.lastTxid === lastTxid)
  }

  raiseDurable(through: Txid): void {
    this.durableTxid = txid(Math.max(this.durableTxid, through))
  }
}
