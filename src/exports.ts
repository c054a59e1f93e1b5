/** What the package exports on every platform, besides `open` and `destroy`. */
export type {
  Database,
  ExecResult,
  OpenOptions,
  Queryable,
  QueryOptions,
  RecoveryOptions,
  RequestOptions,
  Statement,
  SyncPolicy,
  Transaction,
  TransactionOptions,
} from './api.ts'
export { DatabaseError, type DatabaseErrorOptions, type ErrorCode, errorCodes, isDatabaseError } from './errors.ts'
export type {
  CommitEvent,
  DatabaseEvent,
  DatabaseState,
  Durability,
  Receipt,
  Status,
  StorageOperation,
  SyncTrigger,
} from './events.ts'
export type { Histogram, Metrics } from './metrics.ts'
export type { ImportSource } from './import-source.ts'
export type { Logger } from './logger.ts'
export type { ConnectionPragmas, Row, RowMode, SqlParam, SqlParams, SqlValue } from './sql.ts'
export type { ChecksumAlgorithm, DamagedBlock, VerifyReport } from './storage/block-store.ts'
export type { RecoveryReport } from './storage/recovery-report.ts'
export type { SyncCallbacks } from './streams/callbacks.ts'
