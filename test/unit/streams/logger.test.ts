/** Events become structured records at their level; a logger cannot harm. */
import { describe, expect, test } from 'vitest'
import type { DatabaseEvent } from '../../../src/events.ts'
import { isolated, type Logger, type LogLevel, type LogRecord, silentLogger } from '../../../src/logger.ts'
import { logEvent } from '../../../src/streams/logging.ts'
import { createStreams } from '../../../src/streams/streams.ts'
import { collect } from './collect.ts'
import { FakeClock } from './fake-clock.ts'
import { eventful, failed, leading, started, succeeded, uneventful } from './samples.ts'

interface Line {
  readonly level: LogLevel
  readonly record: object
  readonly message: string | undefined
}

function remembering(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const at = (level: LogLevel) => (record: object, message?: string) => void lines.push({ level, record, message })
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

const expected: readonly (readonly [LogLevel, DatabaseEvent, object])[] = [
  ['debug', started(), { event: 'sync.started', txid: 4, blocks: 10, bytes: 40_960, trigger: 'urgent' }],
  ['debug', succeeded(), { event: 'sync.succeeded', txid: 4, epoch: 1, blocks: 10, bytes: 40_960, ms: 2 }],
  ['warn', failed(), { event: 'sync.failed', txid: 4, code: 'STORAGE_FULL' }],
  ['error', failed({ willRetry: false }), { event: 'sync.failed', willRetry: false }],
  ['warn', { type: 'backpressure.changed', isHigh: true, dirtyBytes: 9 }, { isHigh: true, dirtyBytes: 9 }],
  ['info', { type: 'backpressure.changed', isHigh: false, dirtyBytes: 3 }, { isHigh: false }],
  ['info', { type: 'leader.changed', epoch: 3, role: 'leader', cause: 'opened', ms: 5 }, { epoch: 3, role: 'leader' }],
  ['info', { type: 'recovery.finished', report: uneventful, ms: 8 }, { event: 'recovery.finished', ms: 8 }],
  [
    'debug',
    { type: 'checkpoint.finished', checkpointedTxid: 6, blocks: 2, bytes: 8192, ms: 4 },
    { event: 'checkpoint.finished', txid: 6, blocks: 2, bytes: 8192, ms: 4 },
  ],
  ['error', { type: 'checksum.mismatched', blockNo: 5, file: 'log-1' }, { blockNo: 5, file: 'log-1' }],
  [
    'error',
    { type: 'storage.failed', code: 'STORAGE_FAILED', message: 'EIO', operation: 'barrier' },
    { code: 'STORAGE_FAILED', operation: 'barrier' },
  ],
  ['error', { type: 'commits.lost', epoch: 2, from: 3, to: 5 }, { txid: 5, epoch: 2, from: 3, to: 5 }],
  ['warn', { type: 'pragma.ignored', pragma: 'synchronous', message: 'use durability' }, { pragma: 'synchronous' }],
  ['info', { type: 'database.replaced', receipt: { epoch: 1, txid: 9 } }, { txid: 9 }],
  ['info', { type: 'database.closed' }, { event: 'database.closed' }],
]

describe('logging', () => {
  test.each(expected)('%s: %o', (level, event, record) => {
    const { logger, lines } = remembering()
    logEvent(logger, event)
    const line = lines.at(-1)
    expect(lines).toHaveLength(event.type === 'recovery.finished' ? 2 : 1)
    expect(line).toMatchObject({ level, record: { event: event.type, ...record } })
    expect(line?.message).toMatch(/\w/)
  })

  test('a recovery is told step by step: found, finalized, rolled back, stray, damage, repair, summary', () => {
    const { logger, lines } = remembering()
    logEvent(logger, { type: 'recovery.finished', report: eventful, ms: 8 })
    expect(lines.map(({ level, record }) => [level, (record as LogRecord).event])).toEqual([
      ['info', 'recovery.found'],
      ['info', 'recovery.finalized'],
      ['info', 'recovery.rolledBack'],
      ['info', 'recovery.strayRemoved'],
      ['error', 'recovery.logDamaged'],
      ['error', 'recovery.blockDamaged'],
      ['warn', 'recovery.repaired'],
      ['warn', 'recovery.quarantined'],
      ['warn', 'recovery.homeAdopted'],
      ['info', 'recovery.finished'],
    ])
    expect(lines[1]?.record).toMatchObject({ txid: 12, records: 3, transactions: 5, bytes: 36_864 })
    expect(lines[2]?.record).toMatchObject({ file: 'log-1', at: 8192, bytes: 4096 })
  })

  test('console fits', () => {
    const fits: Logger = console
    expect(typeof fits.debug).toBe('function')
  })

  test('records keep their receiver: a logger may be a class', () => {
    class Counting implements Logger {
      #count = 0
      get count() {
        return this.#count
      }
      debug() {
        this.#count += 1
      }
      info() {
        this.#count += 1
      }
      warn() {
        this.#count += 1
      }
      error() {
        this.#count += 1
      }
    }
    const counting = new Counting()
    const logger = isolated(counting)
    for (const [, event] of expected) logEvent(logger, event)
    expect(counting.count).toBe(expected.length + 1)
  })

  test('a logger that throws loses its record and nothing else', () => {
    let throws = 0
    const bad = () => {
      throws += 1
      throw new Error('of the logger')
    }
    const logger = isolated({ debug: bad, info: bad, warn: bad, error: bad })
    const streams = createStreams({ clock: new FakeClock(), initialStatus: leading, logger })
    const listener = collect(streams.events$)
    const metrics = collect(streams.metrics$)
    for (const [, event] of expected) streams.emit(event)
    streams.complete()
    expect(throws).toBe(expected.length + 1)
    expect(listener.seen).toEqual(expected.map(([, event]) => event))
    expect(metrics.seen.at(-1)?.syncs.started).toBe(1)
  })

  test('silent by default', () => {
    const streams = createStreams({ clock: new FakeClock(), initialStatus: leading })
    streams.emit(started())
    expect(silentLogger.debug({ event: 'nothing' })).toBeUndefined()
  })
})
