/**
 * Structured logging. A record is plain data with its name in `event` and, where they apply, `txid`, `epoch`, `blocks`, `bytes`, `ms`;
 * the message is the same for a reader. Silent unless a logger is given. A logger that throws loses its record and nothing else.
 */
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
