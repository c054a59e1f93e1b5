/**
 * metrics$: what the database measures. A subscriber gets the metrics of now, then a sample when something changed, at most one in
 * 250 ms, and the last ones before completion. The rates fall as time passes; that is a change too, until the window is empty.
 * Nothing runs while nobody subscribes: counting goes on, sampling does not.
 */
import { Observable, Subject } from 'rxjs'
import type { DatabaseEvent } from '../events.ts'
import type { Gauges, Metrics } from '../metrics.ts'
import { count, metricsOf, noCounts, noGauges } from './counts.ts'
import { isEmpty, upTo } from './window.ts'

export const sampleMs = 250

/** Time, and a timer that must not keep the process alive. */
export interface StreamClock {
  /** Monotonic milliseconds. */
  now(): number
  /** Runs `fn` once after `ms`; returns how to cancel it. */
  after(ms: number, fn: () => void): () => void
}

export interface MetricsStream {
  readonly metrics$: Observable<Metrics>
  record(event: DatabaseEvent): void
  /** Asks `measure` whenever metrics are shown, so that nothing has to be reported in between. */
  measureBy(measure: () => Partial<Gauges>): void
  /** Something that is measured has changed. */
  changed(): void
  complete(): void
}

export function createMetrics(clock: StreamClock, initial: Partial<Gauges> = {}): MetricsStream {
  const samples = new Subject<Metrics>()
  const gauges = { ...noGauges, ...initial }
  const counts = noCounts(clock.now())
  let isChanged = false
  let isComplete = false
  let cancelSample: (() => void) | undefined
  let last: Metrics | undefined
  let measure: () => Partial<Gauges> = () => ({})

  const snapshot = (): Metrics => last ?? metricsOf(counts, Object.assign(gauges, measure()), clock.now())

  function sampleSoon(): void {
    if (!samples.observed || isComplete) return
    if (isChanged || !isEmpty(counts.window)) cancelSample ??= clock.after(sampleMs, sample)
  }

  function sample(): void {
    cancelSample = undefined
    const window = upTo(counts.window, clock.now())
    const hasChanged = isChanged || window !== counts.window
    counts.window = window
    isChanged = false
    if (hasChanged) samples.next(snapshot())
    sampleSoon()
  }

  function stopSampling(): void {
    cancelSample?.()
    cancelSample = undefined
  }

  function changed(): void {
    isChanged = true
    sampleSoon()
  }

  const metrics$ = new Observable<Metrics>((subscriber) => {
    subscriber.next(snapshot())
    if (isComplete) return subscriber.complete()
    const subscription = samples.subscribe(subscriber)
    sampleSoon()
    return () => {
      subscription.unsubscribe()
      if (!samples.observed) stopSampling()
    }
  })

  return {
    metrics$,
    record(event) {
      if (!isComplete && count(counts, event, clock.now())) changed()
    },
    measureBy(next) {
      measure = next
      changed()
    },
    changed() {
      if (!isComplete) changed()
    },
    complete() {
      if (isComplete) return
      stopSampling()
      last = snapshot()
      isComplete = true
      samples.next(last)
      samples.complete()
    },
  }
}
