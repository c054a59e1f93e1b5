/**
 * Structured logging. A record is plain data with its name in `event` and, where they apply, `txid`, `epoch`, `blocks`, `bytes`, `ms`;
 * the message is the same for a reader. Silent unless a logger is given. A logger that throws loses its record and nothing else.
 */
import type { DatabaseEvent } from './events.ts'

/** `console` and pino are loggers. */
export interface Logger {
  debug(record: object, message?: string): void
  info(record: object, message?: string): void
  warn(record: object, message?: string): void
  error(record: object, message?: string): void
}

export type LogLevel = keyof Logger

/** `txid` is the last transaction that the record speaks of. */
export interface LogRecord {
  readonly event: string
  readonly txid?: number
  readonly epoch?: number
  readonly blocks?: number
  readonly bytes?: number
  /** Milliseconds that it took. */
  readonly ms?: number
  readonly [more: string]: unknown
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** The same logger, whose exceptions end here: logging must not change what becomes of a commit. */
export function isolated(logger: Logger): Logger {
  const safely = (level: LogLevel) => (record: object, message?: string) => {
    try {
      logger[level](record, message)
    } catch {
      // There is no one left to tell.
    }
  }
  return { debug: safely('debug'), info: safely('info'), warn: safely('warn'), error: safely('error') }
}

/** Writes the record of an event at its level. */
export function logEvent(logger: Logger, event: DatabaseEvent): void {
  if (logger === silentLogger) return
  const [level, record, message] = entryOf(event)
  logger[level](record, message)
}

type Entry = readonly [level: LogLevel, record: LogRecord, message: string]

function entryOf(event: DatabaseEvent): Entry {
  const record = recordOf(event)
  switch (event.type) {
    case 'sync.started':
      return ['debug', record, `flush of transactions ${event.txidFrom} to ${event.txidTo} began (${event.trigger})`]
    case 'sync.succeeded':
      return ['debug', record, `transactions ${event.txidFrom} to ${event.txidTo} were flushed`]
    case 'sync.failed':
      return [event.willRetry ? 'warn' : 'error', record, `flush failed: ${event.message}`]
    case 'backpressure.changed':
      return [event.isHigh ? 'warn' : 'info', record, event.isHigh ? 'writers are held' : 'writers are released']
    case 'leader.changed':
      return ['info', record, `this database is the ${event.role} of epoch ${event.epoch}`]
    case 'recovery.finished':
      return ['info', record, 'recovery finished']
    case 'checkpoint.finished':
      return ['debug', record, `the log is folded up to transaction ${event.checkpointedTxid}`]
    case 'checksum.mismatched':
      return ['error', record, `block ${event.blockNo} of ${event.file} does not have the bytes that were written`]
    case 'storage.failed':
      return ['error', record, `storage failed at ${event.operation}: ${event.message}`]
    case 'commits.lost':
      return ['error', record, `transactions ${event.from} to ${event.to} of epoch ${event.epoch} are lost`]
    case 'pragma.ignored':
      return ['warn', record, event.message]
    case 'database.replaced':
      return ['info', record, 'an import replaced the database']
    case 'database.closed':
      return ['info', record, 'the database is closed']
  }
}

/** The event's own fields under its name, and the transaction it ends at as `txid`. */
function recordOf(event: DatabaseEvent): LogRecord {
  const { type, ...fields } = event
  const txid = txidOf(event)
  return txid === undefined ? { event: type, ...fields } : { event: type, txid, ...fields }
}

function txidOf(event: DatabaseEvent): number | undefined {
  switch (event.type) {
    case 'sync.started':
    case 'sync.succeeded':
    case 'sync.failed':
      return event.txidTo
    case 'checkpoint.finished':
      return event.checkpointedTxid
    case 'commits.lost':
      return event.to
    case 'database.replaced':
      return event.receipt.txid
    default:
      return undefined
  }
}
