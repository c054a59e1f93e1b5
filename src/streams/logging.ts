/** From events to log records: which level, which message, and what a recovery did one step at a time. */
import type { DatabaseEvent, RecoveryFinished } from '../events.ts'
import { type Logger, type LogLevel, type LogRecord, silentLogger } from '../logger.ts'

/** Writes the records of an event, each at its level. */
export function logEvent(logger: Logger, event: DatabaseEvent): void {
  if (logger === silentLogger) return
  if (event.type === 'recovery.finished') for (const entry of recoveryEntries(event.report)) write(logger, entry)
  write(logger, entryOf(event))
}

type Entry = readonly [level: LogLevel, record: LogRecord, message: string]

const write = (logger: Logger, [level, record, message]: Entry): void => logger[level](record, message)

/** What a recovery found and did, step by step, before its summary. */
function* recoveryEntries(report: RecoveryFinished['report']): Generator<Entry> {
  const { epochBefore: epoch, recoveredTxid: txid, steps, tornTail, logDamage, homeAdopted } = report
  yield ['info', { event: 'recovery.found', txid, epoch, ...steps }, `recovery found a store: ${report.found}`]
  if (report.recordsReplayed > 0) {
    const { recordsReplayed: records, transactionsReplayed: transactions, bytesReplayed: bytes } = report
    yield ['info', { event: 'recovery.finalized', txid, records, transactions, bytes }, `${records} records redone`]
  }
  if (tornTail !== undefined) {
    yield ['info', { event: 'recovery.rolledBack', ...tornTail }, `unfinished end of ${tornTail.file} cut`]
  }
  for (const file of report.discardedSegments) {
    yield ['info', { event: 'recovery.strayRemoved', file }, `${file} is not part of the log`]
  }
  if (logDamage !== undefined) {
    yield ['error', { event: 'recovery.logDamaged', ...logDamage }, `the log is damaged in ${logDamage.file}`]
  }
  for (const damaged of report.damaged) {
    yield ['error', { event: 'recovery.blockDamaged', ...damaged }, 'a block does not have the bytes that were written']
  }
  for (const blockNo of report.repaired) {
    yield ['warn', { event: 'recovery.repaired', blockNo }, `block ${blockNo} restored from the log`]
  }
  for (const bytes of report.quarantined) {
    yield ['warn', { event: 'recovery.quarantined', ...bytes }, `damaged bytes of ${bytes.from} kept in ${bytes.file}`]
  }
  if (homeAdopted !== undefined) {
    yield ['warn', { event: 'recovery.homeAdopted', ...homeAdopted }, 'changes made by another SQLite adopted']
  }
}

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
    case 'message.refused':
      return ['warn', record, 'a message that is none of ours was dropped']
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
