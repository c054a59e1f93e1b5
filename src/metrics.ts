/** What a database counts and measures, as plain data: the value of `metrics$`. Times are milliseconds with fractions, sizes bytes. */
import type { SyncTrigger } from './events.ts'

/** Counts by size: bucket i holds values ≤ bounds[i] and > bounds[i − 1]; one bucket more holds the rest. */
export interface Histogram {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
  /** Upper bound of the bucket that holds the percentile, or the greatest value if that is lower; 0 when empty. */
  readonly p50: number
  readonly p99: number
}

/** Totals count from open. */
export interface Metrics {
  /** Sealed blocks that are not durable, and their bytes. */
  readonly dirtyBlocks: number
  readonly dirtyBytes: number
  /** Of successful syncs, over the last 10 s (since open if that is less, at least 1 s). */
  readonly throughput: { readonly blocksPerSecond: number; readonly bytesPerSecond: number }
  /** Failed syncs of all that ended in the last 10 s: 0…1. */
  readonly errorRate: number
  /** Reads and verifications that found other bytes than were written. */
  readonly checksumFailures: number
  readonly syncs: {
    readonly started: number
    readonly succeeded: number
    readonly failed: number
    readonly byTrigger: Readonly<Record<SyncTrigger, number>>
  }
  /** Duration of successful syncs in milliseconds. */
  readonly flushMs: Histogram
  /** Transactions per successful sync that wrote any. */
  readonly groupSize: Histogram
  /** Barriers issued and bytes written by the store: log, home, table and header together. */
  readonly barriers: number
  readonly bytesWritten: number
  readonly logBytes: number
  readonly homeBytes: number
  /** Blocks kept in memory by the cache. */
  readonly cacheBytes: number
  /** Memory of the WebAssembly instance. */
  readonly wasmBytes: number
  /** Transactions sealed and not yet durable. */
  readonly lag: number
  readonly epoch: number
  /** Duration of the recovery at open; null until it has ended. */
  readonly recoveryMs: number | null
  /** From the loss of the last leader to the beginning of this reign; null when nobody led before. */
  readonly handOverMs: number | null
  /** What came from other members and was dropped: malformed, repeated, or none of ours. */
  readonly messagesRefused: number
}

/** Values that are measured rather than counted; whoever knows one reports it. */
export type Gauges = Pick<
  Metrics,
  | 'dirtyBlocks'
  | 'dirtyBytes'
  | 'checksumFailures'
  | 'barriers'
  | 'bytesWritten'
  | 'logBytes'
  | 'homeBytes'
  | 'cacheBytes'
  | 'wasmBytes'
  | 'lag'
  | 'epoch'
  | 'handOverMs'
>
