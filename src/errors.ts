/**
 * The one error class of the public API. Codes are API: one meaning each, with what the caller may do.
 * A code is added only together with the place that throws it (scripts/tidy checks both ways).
 */
export const errorCodes = {
  // Opening
  INVALID_NAME: 'The name is not [A-Za-z0-9._-]{1,200}, or is . or .. – choose another.',
  INVALID_OPTIONS: 'An option has a value it cannot have; the message names it.',
  NOT_SUPPORTED: 'This storage, layout or platform is not available here; the message says what is.',
  STORE_LOCKED:
    'destroy() while the database is open, or open() while a stranger holds it: another SQLite, or a page that lets no removal or upgrade through; details say who, where that is known. Close it there, or wait.',
  STORE_FOREIGN: 'The directory holds files that are not a database of ours. Choose another base or name.',
  FORMAT_UNKNOWN: 'The store was written by a newer version. Upgrade this package.',
  BLOCK_SIZE_MISMATCH: 'The store has another block size than was asked for. Open it with details.blockSize.',
  HEADER_CORRUPT: 'No valid header slot, or one older than the log. Restore a backup; nothing was changed.',
  TABLE_CORRUPT:
    'The block table is damaged. Open with onCorruption "repair" to rebuild what can be, or restore a backup.',
  LOG_CORRUPT:
    'The commit log is damaged before its durable end. Open with onCorruption "report" or "repair", or restore a backup.',
  HOME_CORRUPT:
    'The home file is damaged or cut short. Open with onCorruption "report" or "repair", or restore a backup.',
  HOME_CHANGED_OUTSIDE:
    'Something else wrote the home file while it was closed. Open with recovery.homeChanged "adopt" to keep its changes.',
  CHECKSUM_MISMATCH:
    'A block does not have the bytes that were written; details.blockNo. Restore it from a backup, or open with "repair".',
  ALGORITHM_MISMATCH: 'A block names a checksum algorithm that this version does not know, or none.',
  STORE_LOST: 'The medium lost the store. Restore a backup.',
  STORE_AMBIGUOUS: 'Two media hold a store of this name. Name the one you mean in options.storage.',
  // Requests
  SQL_ERROR: 'SQLite refused the statement; sqliteCode and details.offset say why and where.',
  INVALID_PARAMETER:
    'A parameter is missing, unknown, of a type SQLite does not store, or too large to be sent. Convert or split it first.',
  MISUSE: 'The call does not fit here; the message says which call does.',
  SETTING_REFUSED: 'This PRAGMA changes what statements mean. Set it in OpenOptions.pragmas.',
  ATTACH_REFUSED: 'A second stored database cannot be attached. Open it on its own.',
  TRANSACTION_ABORTED: 'SQLite rolled the transaction back (OR ROLLBACK, interrupt). Run it again.',
  TRANSACTION_LEFT_OPEN: 'The request left a transaction open; it was rolled back. Use transaction().',
  TRANSACTION_CLOSED: 'The transaction has ended; its handle can no longer be used.',
  TRANSACTION_TIMEOUT:
    'The transaction took longer than its deadline and was rolled back. Shorten it or raise deadlineMs.',
  TRANSACTION_TOO_LARGE: 'The transaction wrote more than fits in memory; it was rolled back. Split it.',
  RESULT_TOO_LARGE: 'The rows do not fit in the limit. Narrow the query.',
  USE_TX: 'db was used inside transaction(fn), which would wait for itself. Use the tx argument.',
  ABORTED: 'The AbortSignal was raised before the request took effect.',
  DEADLINE_EXCEEDED: 'No answer within the deadline; outcome says whether it may still have been applied.',
  QUEUE_FULL: 'Too many requests wait. Await some before sending more.',
  OUTCOME_UNKNOWN: 'It is not known whether the request was applied, and it was not run again.',
  OUTCOME_NOT_KEPT: 'The request was applied, but its rows were too large to keep. Read the data instead.',
  COMMIT_LOST: 'The commit of this receipt was lost before it was durable.',
  DATABASE_CLOSED: 'The database is closed or closing. Open it again.',
  DATABASE_FAILED: 'The database stopped after an internal error; cause says which. Close it and open it again.',
  // Sharing
  LEADER_UNRESPONSIVE:
    'Whoever leads the database did not answer in time. If outcome is unknown, repeat the request with options.requestId (details.requestId).',
  LEADER_CHANGED:
    'The leader of the database changed while this was underway, and it cannot go on elsewhere. Nothing of it was applied unless outcome is unknown.',
  // Medium
  STORAGE_FULL:
    'The disk or quota is full; nothing of the commit was written. Free space; it is retried until the deadline.',
  STORAGE_FAILED: 'The medium failed at a write or barrier; cause is its error. The view was rebuilt; try again.',
  READBACK_MISMATCH: 'What was written did not read back the same. The medium is not to be trusted.',
  LEASE_LOST: 'Another writer has taken over this store. What was not acknowledged was not kept.',
  // Messages
  PROTOCOL_MISMATCH:
    'Page and worker, or two members, are of versions that do not understand each other, or something else posts to them. Load all anew.',
  // Import and export
  IMPORT_INVALID: 'The source is not a sound SQLite database of a shape we keep; the message says what is wrong.',
  EXPORT_INTERRUPTED: 'The snapshot that was being exported ended: the database closed, or the reader was too slow.',
} as const

export type ErrorCode = keyof typeof errorCodes

export interface DatabaseErrorOptions {
  readonly cause?: unknown
  /** Plain data: names, numbers, paths. */
  readonly details?: Readonly<Record<string, unknown>>
  /** SQLite's extended result code. */
  readonly sqliteCode?: number
  /** The same call may succeed later without a change to it. */
  readonly retryable?: boolean
  /** 'unknown': the request may or may not have been applied. Absent: it was not. */
  readonly outcome?: 'unknown'
}

export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly sqliteCode?: number
  readonly retryable: boolean
  readonly outcome?: 'unknown'

  constructor(code: ErrorCode, message: string, options: DatabaseErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    this.retryable = options.retryable ?? false
    if (options.sqliteCode !== undefined) this.sqliteCode = options.sqliteCode
    if (options.outcome !== undefined) this.outcome = options.outcome
  }
}

export const isDatabaseError = (error: unknown, code?: ErrorCode): error is DatabaseError =>
  error instanceof DatabaseError && (code === undefined || error.code === code)

/** The same, of something that may have been applied. */
export const inDoubt = (
  { code, message, details, cause, retryable }: DatabaseError,
  more: object = {},
): DatabaseError =>
  new DatabaseError(code, message, { details: { ...details, ...more }, cause, retryable, outcome: 'unknown' })

/** Whatever was thrown. */
export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** An error of ours as it is; any other one means that the database has stopped. */
export const asDatabaseError = (error: unknown): DatabaseError =>
  isDatabaseError(error)
    ? error
    : new DatabaseError(
        'DATABASE_FAILED',
        `the database stopped: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      )
