/** Each metric is seen to move by what causes it, and sampling costs nothing while nobody looks. */
import { describe, expect, test } from 'vitest'
import type { Gauges, Metrics } from '../../../src/metrics.ts'
import { createMetrics, type MetricsStream } from '../../../src/streams/metrics.ts'
import { collect } from './collect.ts'
import { FakeClock } from './fake-clock.ts'
import { failed, started, succeeded, uneventful } from './samples.ts'

function open(): { readonly clock: FakeClock; readonly metrics: MetricsStream; now(): Metrics } {
  const clock = new FakeClock()
  const metrics = createMetrics(clock)
  return {
    clock,
    metrics,
    now() {
      const [latest] = collect(metrics.metrics$).seen
      if (latest === undefined) throw new Error('metrics$ tells the metrics of now at once')
      return latest
    },
  }
}

describe('what moves', () => {
  const measured: Gauges = {
    dirtyBlocks: 1,
    dirtyBytes: 2,
    checksumFailures: 3,
    barriers: 4,
    bytesWritten: 5,
    logBytes: 6,
    homeBytes: 7,
    cacheBytes: 8,
    wasmBytes: 9,
    lag: 10,
    epoch: 11,
    handOverMs: 12,
  }

  test.each(Object.entries(measured))('gauge %s is shown as reported, others stay', (name, value) => {
    const { metrics, now } = open()
    const before = now()
    metrics.measureBy(() => ({ [name]: value }))
    expect(now()).toEqual({ ...before, [name]: value })
    expect(before).not.toEqual(now())
  })

  test('syncs are counted by how they ended and why they began', () => {
    const { metrics, now } = open()
    for (const event of [started(), succeeded(), started({ trigger: 'drain' }), failed()]) metrics.record(event)
    const { syncs } = now()
    expect(syncs).toMatchObject({ started: 2, succeeded: 1, failed: 1 })
    expect(syncs.byTrigger).toMatchObject({ urgent: 1, drain: 1, interval: 0 })
    expect(syncs.started).toBe(syncs.succeeded + syncs.failed)
  })

  test('flush durations fall into their buckets, and percentiles come from them', () => {
    const { metrics, now } = open()
    for (let sync = 0; sync < 98; sync++) metrics.record(succeeded({ ms: 0.3 }))
    metrics.record(succeeded({ ms: 90 }))
    metrics.record(succeeded({ ms: 1e6 }))
    const { flushMs } = now()
    expect(flushMs.count).toBe(100)
    expect(flushMs.sum).toBeCloseTo(98 * 0.3 + 90 + 1e6)
    expect(flushMs.counts[flushMs.bounds.findIndex((bound) => bound >= 0.3)]).toBe(98)
    expect(flushMs.counts.at(-1)).toBe(1)
    expect(flushMs.p50).toBeCloseTo(0.4)
    expect(flushMs.p99).toBeCloseTo(102.4)
  })

  test('the percentile of the open bucket is the greatest value', () => {
    const { metrics, now } = open()
    metrics.record(succeeded({ ms: 1e6 }))
    expect(now().flushMs.p99).toBe(1e6)
  })

  test('group size counts the transactions of a sync; a barrier alone has none', () => {
    const { metrics, now } = open()
    metrics.record(succeeded({ txidFrom: 8, txidTo: 10 }))
    metrics.record(succeeded({ txidFrom: 10, txidTo: 10, blocks: 0, bytes: 0 }))
    expect(now().groupSize).toMatchObject({ count: 1, sum: 3, p50: 3 })
  })

  test('recovery time is null until there was one', () => {
    const { metrics, now } = open()
    expect(now().recoveryMs).toBeNull()
    metrics.record({ type: 'recovery.finished', report: uneventful, ms: 42 })
    expect(now().recoveryMs).toBe(42)
  })
})

describe('the sliding window', () => {
  test('throughput counts successful syncs of the last 10 s and falls to nothing', () => {
    const { clock, metrics, now } = open()
    clock.advance(20_000)
    metrics.record(succeeded({ blocks: 100, bytes: 409_600 }))
    clock.advance(6000)
    metrics.record(succeeded({ blocks: 50, bytes: 204_800 }))
    metrics.record(failed({ blocks: 1000 }))
    expect(now().throughput).toEqual({ blocksPerSecond: 15, bytesPerSecond: 61_440 })
    clock.advance(5000)
    expect(now().throughput).toEqual({ blocksPerSecond: 5, bytesPerSecond: 20_480 })
    clock.advance(6000)
    expect(now().throughput).toEqual({ blocksPerSecond: 0, bytesPerSecond: 0 })
  })

  test('early on the rate is over the time since open, but at least a second', () => {
    const { clock, metrics, now } = open()
    metrics.record(succeeded({ blocks: 100 }))
    expect(now().throughput.blocksPerSecond).toBe(100)
    clock.advance(2000)
    expect(now().throughput.blocksPerSecond).toBe(50)
  })

  test('error rate is the failed share of the window, and 0 when nothing ended', () => {
    const { clock, metrics, now } = open()
    expect(now().errorRate).toBe(0)
    metrics.record(failed())
    expect(now().errorRate).toBe(1)
    for (let sync = 0; sync < 3; sync++) metrics.record(succeeded())
    expect(now().errorRate).toBe(0.25)
    clock.advance(11_000)
    expect(now().errorRate).toBe(0)
  })

  test('a thousand syncs in a window are all counted', () => {
    const { clock, metrics, now } = open()
    clock.advance(10_000)
    for (let sync = 0; sync < 1000; sync++) {
      clock.advance(9)
      metrics.record(succeeded({ blocks: 1 }))
    }
    expect(now().throughput.blocksPerSecond).toBe(100)
  })
})

describe('sampling', () => {
  test('a change is told within 250 ms, many changes once', () => {
    const { clock, metrics } = open()
    const listener = collect(metrics.metrics$)
    expect(listener.seen).toHaveLength(1)
    for (let lag = 1; lag <= 100; lag++) metrics.measureBy(() => ({ lag }))
    clock.advance(249)
    expect(listener.seen).toHaveLength(1)
    clock.advance(1)
    expect(listener.seen.map(({ lag }) => lag)).toEqual([0, 100])
  })

  test('never more often than every 250 ms', () => {
    const { clock, metrics } = open()
    const listener = collect(metrics.metrics$)
    for (let step = 0; step < 100; step++) {
      metrics.measureBy(() => ({ lag: step }))
      clock.advance(10)
    }
    expect(listener.seen.length).toBeLessThanOrEqual(1 + 4)
    expect(listener.seen.length).toBeGreaterThanOrEqual(1 + 3)
  })

  test('no timer while nobody listens, while nothing changes, and after the last listener left', () => {
    const { clock, metrics } = open()
    metrics.measureBy(() => ({ lag: 1 }))
    metrics.record(succeeded())
    expect(clock.pending).toBe(0)
    const subscription = metrics.metrics$.subscribe()
    expect(clock.pending).toBe(1)
    subscription.unsubscribe()
    expect(clock.pending).toBe(0)
  })

  test('a listener sees the rates fall to zero, then the timer ends', () => {
    const { clock, metrics } = open()
    const listener = collect(metrics.metrics$)
    metrics.record(succeeded())
    clock.advance(250)
    expect(listener.seen.at(-1)?.throughput.blocksPerSecond).toBeGreaterThan(0)
    clock.advance(15_000)
    expect(listener.seen.at(-1)?.throughput.blocksPerSecond).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('a late subscriber gets the metrics of now without waiting', () => {
    const { metrics } = open()
    metrics.measureBy(() => ({ lag: 7 }))
    expect(collect(metrics.metrics$).seen.map(({ lag }) => lag)).toEqual([7])
  })

  test('completion tells the last metrics, to listeners and to who comes later; nothing moves any more', () => {
    const { clock, metrics } = open()
    const listener = collect(metrics.metrics$)
    metrics.measureBy(() => ({ homeBytes: 4096 }))
    metrics.complete()
    metrics.measureBy(() => ({ homeBytes: 1 }))
    metrics.record(succeeded())
    expect(listener).toMatchObject({ seen: [{ homeBytes: 0 }, { homeBytes: 4096 }], isComplete: true })
    expect(collect(metrics.metrics$)).toMatchObject({ seen: [{ homeBytes: 4096 }], isComplete: true })
    expect(clock.pending).toBe(0)
  })
})
