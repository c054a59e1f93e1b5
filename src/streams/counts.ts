/**
 * From events to metrics: running totals, and the public snapshot made from them when somebody looks.
 * The totals are changed in place, because each sync of a busy database passes here twice.
 */
import type { DatabaseEvent, SyncTrigger } from '../events.ts'
import type { Gauges, Metrics } from '../metrics.ts'
import { countBounds, emptyTally, histogramOf, millisecondBounds, type Tally, tally } from './histogram.ts'
import { addTo, emptyWindow, sumOf, upTo, type Window, windowMs } from './window.ts'

export interface Counts {
  /** Monotonic milliseconds of the open. */
  readonly sinceMs: number
  readonly byTrigger: Record<SyncTrigger, number>
  window: Window
  started: number
  succeeded: number
  failed: number
  flushMs: Tally
  groupSize: Tally
  recoveryMs: number | null
  handOverMs: number | null
  messagesRefused: number
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

export const noCounts = (sinceMs: number): Counts => ({
  sinceMs,
  window: emptyWindow,
  started: 0,
  succeeded: 0,
  failed: 0,
  byTrigger: { urgent: 0, threshold: 0, debounce: 0, interval: 0, maxWait: 0, requested: 0, drain: 0, retry: 0 },
  flushMs: emptyTally(millisecondBounds),
  groupSize: emptyTally(countBounds),
  recoveryMs: null,
  handOverMs: null,
  messagesRefused: 0,
})

/** Counts an event at `nowMs`; false when it moves nothing. */
export function count(counts: Counts, event: DatabaseEvent, nowMs: number): boolean {
  switch (event.type) {
    case 'sync.started':
      counts.started += 1
      counts.byTrigger[event.trigger] += 1
      return true
    case 'sync.succeeded': {
      const { blocks, bytes } = event
      counts.succeeded += 1
      counts.window = addTo(counts.window, nowMs, { blocks, bytes, succeeded: 1, failed: 0 })
      counts.flushMs = tally(counts.flushMs, event.ms)
      if (blocks > 0) counts.groupSize = tally(counts.groupSize, event.txidTo - event.txidFrom + 1)
      return true
    }
    case 'sync.failed':
      counts.failed += 1
      counts.window = addTo(counts.window, nowMs, { blocks: 0, bytes: 0, succeeded: 0, failed: 1 })
      return true
    case 'recovery.finished':
      counts.recoveryMs = event.ms
      return true
    case 'leader.changed':
      if (event.cause === 'opened') return false
      counts.handOverMs = event.ms
      return true
    case 'message.refused':
      counts.messagesRefused += 1
      return true
    default:
      return false
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
      byTrigger: { ...counts.byTrigger },
    },
    flushMs: histogramOf(counts.flushMs),
    groupSize: histogramOf(counts.groupSize),
    recoveryMs: counts.recoveryMs,
    handOverMs: counts.handOverMs ?? gauges.handOverMs,
    messagesRefused: counts.messagesRefused,
  }
}
