/**
 * The four public streams of one open database. Hot; they never error, because failures of the database are events; they complete
 * when it closes.
 *
 *   stream     emits                                   a late subscriber gets
 *   events$    everything worth telling                nothing old
 *   commits$   each commit record once it is acked     nothing old
 *   metrics$   a sample when something changed         the metrics of now, after the end the last ones
 *   status$    each status that differs                the status of now, after the end the last one
 */
import type { Observable } from 'rxjs'
import type { CommitEvent, DatabaseEvent, Status } from '../events.ts'
import type { Gauges, Metrics } from '../metrics.ts'
import { type Logger, silentLogger } from '../logger.ts'
import { callOnSync, type SyncCallbacks } from './callbacks.ts'
import { createHot } from './hot.ts'
import { logEvent } from './logging.ts'
import { createMetrics, type StreamClock } from './metrics.ts'
import { createStatus } from './status.ts'

export interface Streams {
  readonly events$: Observable<DatabaseEvent>
  readonly commits$: Observable<CommitEvent>
  readonly metrics$: Observable<Metrics>
  readonly status$: Observable<Status>
  /** Tells, counts and logs an event. */
  emit(event: DatabaseEvent): void
  /** Tells a commit. When `hasCommitListeners` is false there is no need to make one. */
  commit(commit: CommitEvent): void
  hasCommitListeners(): boolean
  /** Asks `measure` whenever metrics are shown. */
  measureBy(measure: () => Partial<Gauges>): void
  /** Something that is measured has changed. */
  measuredChanged(): void
  setStatus(status: Status): void
  /** Completes all four, metrics$ with its last values. What is told afterwards is dropped. */
  complete(): void
}

export interface StreamsOptions {
  readonly clock: StreamClock
  readonly initialStatus: Status
  readonly initialMetrics?: Partial<Gauges>
  readonly on?: SyncCallbacks
  /** One that does not throw: `isolated(logger)`. */
  readonly logger?: Logger
}

export function createStreams(options: StreamsOptions): Streams {
  const logger = options.logger ?? silentLogger
  const events = createHot<DatabaseEvent>()
  const commits = createHot<CommitEvent>()
  const metrics = createMetrics(options.clock, options.initialMetrics)
  const status = createStatus(options.initialStatus)
  if (options.on !== undefined) callOnSync(events.stream$, options.on)
  return {
    events$: events.stream$,
    commits$: commits.stream$,
    metrics$: metrics.metrics$,
    status$: status.status$,
    emit(event) {
      metrics.record(event)
      logEvent(logger, event)
      events.next(event)
    },
    commit: (commit) => commits.next(commit),
    hasCommitListeners: () => commits.isObserved(),
    measureBy: (measure) => metrics.measureBy(measure),
    measuredChanged: () => metrics.changed(),
    setStatus: (next) => status.set(next),
    complete() {
      for (const stream of [events, commits, metrics, status]) stream.complete()
    },
  }
}
