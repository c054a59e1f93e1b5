/** The disk of the commit path, as far as it matters: which transactions it holds, and which of them a power loss would leave. */

export interface Disk {
  /** Highest epoch on the medium. */
  readonly epoch: number
  /** Whole records in order: the transactions that each holds. */
  readonly records: readonly (readonly number[])[]
  /** Records behind a barrier; power loss keeps these and any number of the following. */
  readonly durableCount: number
  /** Records that a rival recovered when it took over: what is written later by us is void. Null: nobody did. */
  readonly recoveredCount: number | null
}

/** A new series behind what was written before the failure, made durable: later records are void. */
export function voided(disk: Disk, keptTxid: number): Disk {
  let count = 0
  const records = disk.records.filter((record) => (count += record.length) <= keptTxid)
  return { ...disk, epoch: disk.epoch + 1, records, durableCount: records.length }
}

/** What recovery finds when power fails now: the durable records, and any number of those behind them. */
export function imagesOf({ records, durableCount, recoveredCount }: Disk): readonly (readonly number[])[] {
  const last = recoveredCount ?? records.length
  const first = recoveredCount ?? durableCount
  return Array.from({ length: last - first + 1 }, (_, i) => records.slice(0, first + i).flat())
}
