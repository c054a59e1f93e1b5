/** What listeners of events$, commits$ and status$ may rely on. */
import { config } from 'rxjs'
import { afterEach, describe, expect, test } from 'vitest'
import type { DatabaseEvent, Status } from '../../../src/events.ts'
import { createStreams, type Streams, type StreamsOptions } from '../../../src/streams/streams.ts'
import { collect } from './collect.ts'
import { FakeClock } from './fake-clock.ts'
import { commit, failed, leading, started, succeeded } from './samples.ts'

const opening: Status = { ...leading, state: 'opening', role: 'none', epoch: 0 }

const open = (options: Partial<StreamsOptions> = {}): Streams =>
  createStreams({ clock: new FakeClock(), initialStatus: opening, ...options })

describe('events$ and commits$', () => {
  test('tell every listener everything in order and replay nothing', () => {
    const streams = open()
    const early = collect(streams.events$)
    streams.emit(started())
    const late = collect(streams.events$)
    streams.emit(succeeded())
    expect(early.seen).toEqual([started(), succeeded()])
    expect(late.seen).toEqual([succeeded()])
  })

  test('commits are told to those who listen, and only they cause one to be made', () => {
    const streams = open()
    expect(streams.hasCommitListeners()).toBe(false)
    streams.commit(commit(1))
    const listener = collect(streams.commits$)
    expect(streams.hasCommitListeners()).toBe(true)
    streams.commit(commit(2))
    expect(listener.seen).toEqual([commit(2)])
  })

  test('a listener that tells more does not change the order that others see', () => {
    const streams = open()
    streams.events$.subscribe((event) => {
      if (event.type === 'sync.started') streams.emit(failed())
    })
    const other = collect(streams.events$)
    streams.emit(started())
    expect(other.seen).toEqual([started(), failed()])
  })

  test('a listener may leave while it is told', () => {
    const streams = open()
    const left: DatabaseEvent[] = []
    const subscription = streams.events$.subscribe((event) => {
      left.push(event)
      subscription.unsubscribe()
    })
    const other = collect(streams.events$)
    streams.emit(started())
    streams.emit(succeeded())
    expect(left).toEqual([started()])
    expect(other.seen).toEqual([started(), succeeded()])
  })
})

describe('completion', () => {
  test('all four complete, none errors, and what is told afterwards is dropped', () => {
    const streams = open()
    const [events, commits] = [collect(streams.events$), collect(streams.commits$)]
    const [metrics, status] = [collect(streams.metrics$), collect(streams.status$)]
    streams.emit({ type: 'database.closed' })
    streams.complete()
    streams.complete()
    streams.emit(started())
    streams.commit(commit(1))
    streams.setStatus(leading)
    for (const stream of [events, commits, metrics, status]) {
      expect(stream.isComplete).toBe(true)
      expect(stream.error).toBeUndefined()
    }
    expect(events.seen).toEqual([{ type: 'database.closed' }])
    expect(commits.seen).toEqual([])
    expect(status.seen).toEqual([opening])
  })

  test('who comes later gets completion, and the last status', () => {
    const streams = open()
    streams.emit(started())
    streams.setStatus({ ...leading, state: 'closed' })
    streams.complete()
    expect(collect(streams.events$)).toMatchObject({ seen: [], isComplete: true })
    expect(collect(streams.commits$)).toMatchObject({ seen: [], isComplete: true })
    expect(collect(streams.status$)).toMatchObject({ seen: [{ state: 'closed' }], isComplete: true })
  })

  test('completion asked for by a listener comes after what it was told', () => {
    const streams = open()
    streams.events$.subscribe(() => streams.complete())
    const other = collect(streams.events$)
    streams.emit({ type: 'database.closed' })
    expect(other).toMatchObject({ seen: [{ type: 'database.closed' }], isComplete: true })
  })
})

describe('status$', () => {
  test('a late subscriber gets the status of now, and equal ones are told once', () => {
    const streams = open()
    const early = collect(streams.status$)
    streams.setStatus(leading)
    streams.setStatus({ ...leading })
    const late = collect(streams.status$)
    streams.setStatus({ ...leading, reason: 'closing' })
    expect(early.seen).toEqual([opening, leading, { ...leading, reason: 'closing' }])
    expect(late.seen).toEqual([leading, { ...leading, reason: 'closing' }])
  })
})

describe('a listener that throws', () => {
  const usual = config.onUnhandledError
  afterEach(() => {
    config.onUnhandledError = usual
  })

  /** What rxjs reports, once there are that many. */
  const reported = (count: number): Promise<unknown[]> =>
    new Promise((resolve) => {
      const errors: unknown[] = []
      config.onUnhandledError = (error) => {
        if (errors.push(error) === count) resolve(errors)
      }
    })

  const throwing = (message: string) => () => {
    throw new Error(message)
  }

  test('is reported later, and neither the teller nor other listeners notice', async () => {
    const errors = reported(3)
    const streams = open({ on: { syncStart: throwing('of the callback') } })
    streams.events$.subscribe(throwing('of the listener'))
    const other = collect(streams.events$)
    streams.emit(started())
    streams.emit(succeeded())
    expect(other.seen).toEqual([started(), succeeded()])
    expect(await errors).toEqual(['callback', 'listener', 'listener'].map((of) => new Error(`of the ${of}`)))
  })

  test('on metrics$ and status$ too', async () => {
    const errors = reported(3)
    const clock = new FakeClock()
    const streams = open({ clock })
    streams.metrics$.subscribe(throwing('of metrics$'))
    streams.status$.subscribe(throwing('of status$'))
    const [metrics, status] = [collect(streams.metrics$), collect(streams.status$)]
    streams.measureBy(() => ({ lag: 1 }))
    clock.advance(250)
    expect(metrics.seen.map(({ lag }) => lag)).toEqual([0, 1])
    expect(status.seen).toEqual([opening])
    expect(await errors).toHaveLength(3)
  })
})

describe('callbacks', () => {
  test('exactly one start and one end per sync, a retried one included; a failure carries its cause', () => {
    const calls: string[] = []
    const streams = open({
      on: {
        syncStart: ({ trigger }) => calls.push(`start ${trigger}`),
        syncSuccess: ({ txidTo }) => calls.push(`success ${txidTo}`),
        syncFailure: ({ code, message, willRetry }) => calls.push(`failure ${code} ${message} ${String(willRetry)}`),
      },
    })
    for (const event of [started(), failed(), started({ trigger: 'retry' }), succeeded()]) streams.emit(event)
    streams.emit({ type: 'backpressure.changed', isHigh: true, dirtyBytes: 1 })
    streams.complete()
    streams.emit(started())
    expect(calls).toEqual(['start urgent', 'failure STORAGE_FULL the disk is full true', 'start retry', 'success 4'])
  })
})
