/** From events to metrics: a pure reducer over what was told, and the public snapshot made from it when somebody looks. */
import type { DatabaseEvent, Gauges, Metrics, SyncTrigger } from '../events.ts'
import { countBounds, emptyTally, histogramOf, millisecondBounds, type Tally, tally } from './histogram.ts'
import { addTo, emptyWindow, sumOf, upTo, type Window, windowMs } from './window.ts'

export interface Counts {
  /** Monotonic milliseconds of the open. */
  readonly sinceMs: number
  readonly window: Window
  readonly started: number
  readonly succeeded: number
  readonly failed: number
  readonly byTrigger: Readonly<Record<SyncTrigger, number>>
  readonly flushMs: Tally
  readonly groupSize: Tally
  readonly recoveryMs: number | null
}

export const noGauges: Gauges = {
  dirtyBlocks: 0,
  dirtyBytes: 0,
  checksumFailures: 0,
  barriers: 0,
  bytesWritten: 0,
  logBytes: 0,
  homeBytes: 0,
  cacheBytes: 0,
  wasmBytes: 0,
  lag: 0,
  epoch: 0,
  handOverMs: null,
}

const noTriggers: Readonly<Record<SyncTrigger, number>> = {
  urgent: 0,
  threshold: 0,
  debounce: 0,
  interval: 0,
  maxWait: 0,
  requested: 0,
  drain: 0,
  retry: 0,
}

export const noCounts = (sinceMs: number): Counts => ({
  sinceMs,
  window: emptyWindow,
  started: 0,
  succeeded: 0,
  failed: 0,
  byTrigger: noTriggers,
  flushMs: emptyTally(millisecondBounds),
  groupSize: emptyTally(countBounds),
  recoveryMs: null,
})

/** The counts after an event at `nowMs`; the same counts when the event moves none of them. */
export function count(counts: Counts, event: DatabaseEvent, nowMs: number): Counts {
  switch (event.type) {
    case 'sync.started': {
      const byTrigger = { ...counts.byTrigger, [event.trigger]: counts.byTrigger[event.trigger] + 1 }
      return { ...counts, started: counts.started + 1, byTrigger }
    }
    case 'sync.succeeded':
      return {
        ...counts,
        succeeded: counts.succeeded + 1,
        window: addTo(counts.window, nowMs, { blocks: event.blocks, bytes: event.bytes, succeeded: 1, failed: 0 }),
        flushMs: tally(counts.flushMs, event.ms),
        groupSize: tally(counts.groupSize, event.txidTo - event.txidFrom + 1),
      }
    case 'sync.failed':
      return {
        ...counts,
        failed: counts.failed + 1,
        window: addTo(counts.window, nowMs, { blocks: 0, bytes: 0, succeeded: 0, failed: 1 }),
      }
    case 'recovery.finished':
      return { ...counts, recoveryMs: event.ms }
    default:
      return counts
  }
}

export function metricsOf(counts: Counts, gauges: Gauges, nowMs: number): Metrics {
  const { blocks, bytes, succeeded, failed } = sumOf(upTo(counts.window, nowMs))
  const seconds = Math.min(Math.max(nowMs - counts.sinceMs, 1000), windowMs) / 1000
  const ended = succeeded + failed
  return {
    ...gauges,
    throughput: { blocksPerSecond: blocks / seconds, bytesPerSecond: bytes / seconds },
    errorRate: ended === 0 ? 0 : failed / ended,
    syncs: {
      started: counts.started,
      succeeded: counts.succeeded,
      failed: counts.failed,
      byTrigger: counts.byTrigger,
    },
    flushMs: histogramOf(counts.flushMs),
    groupSize: histogramOf(counts.groupSize),
    recoveryMs: counts.recoveryMs,
  }
}
