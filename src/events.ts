/**
 * What happens to a database, and where it stands, as plain data: events, commits, status. Numbers are in metrics.ts.
 * Types only, so that every layer may name what it reports. Times end in `Ms` or are `ms` (milliseconds, with fractions),
 * sizes are bytes, blocks are counted in units of the database's block size.
 */
import type { ErrorCode } from './errors.ts'
import type { RecoveryReport } from './storage/recovery-report.ts'

/** strict: behind the medium's barrier. relaxed: handed to the OS or browser. deferred: in memory, flushed by policy. */
export type Durability = 'strict' | 'relaxed' | 'deferred'

/** What a caller holds for a commit. A txid lost by a lower level may be issued again, a receipt never is. */
export interface Receipt {
  /** Reign in which the commit was made. */
  readonly epoch: number
  /** Last transaction of the request, counted from 1; 0 when it changed nothing in a new database. */
  readonly txid: number
}

/**
 * Why a sync began. urgent: a request waits for its level · threshold: enough is dirty · debounce: the same, then nothing was written
 * for debounceMs · interval · maxWait: the oldest sealed transaction is that old · requested: forceSync, or too much is dirty ·
 * drain: the database closes · retry: the medium had refused it.
 */
export type SyncTrigger = 'urgent' | 'threshold' | 'debounce' | 'interval' | 'maxWait' | 'requested' | 'drain' | 'retry'

/**
 * What one sync holds: the transactions of one group, from the first to the last, and their blocks, each once.
 * A barrier alone, for what was written before, has no blocks and both ends at the last written transaction.
 */
export interface SyncExtent {
  readonly txidFrom: number
  readonly txidTo: number
  readonly blocks: number
  /** Bytes of those blocks, without the record around them. */
  readonly bytes: number
  readonly trigger: SyncTrigger
}

/** A flush began. Exactly one `sync.succeeded` or `sync.failed` follows before the next. */
export interface SyncStarted extends SyncExtent {
  readonly type: 'sync.started'
}

/** The group reached the level that its strongest caller asked for. */
export interface SyncSucceeded extends SyncExtent {
  readonly type: 'sync.succeeded'
  /** From its start to the answer of its callers. */
  readonly ms: number
  readonly epoch: number
}

/** The group is not on the medium, or nobody knows; its callers are told, or it is tried again. */
export interface SyncFailed extends SyncExtent {
  readonly type: 'sync.failed'
  readonly ms: number
  readonly code: ErrorCode
  readonly message: string
  /** The same record is written again after a pause; its callers go on waiting. */
  readonly willRetry: boolean
}

/** Sealed bytes that are not durable passed the high watermark (writers are held), or fell to the normal one (released). */
export interface BackpressureChanged {
  readonly type: 'backpressure.changed'
  readonly isHigh: boolean
  readonly dirtyBytes: number
}

/**
 * Why the leader changed. opened: there was none · resigned: the last one closed · gone: its page, process or thread ended · silent: it
 * gave no sign of life, and was robbed.
 */
export type LeaderCause = 'opened' | 'resigned' | 'gone' | 'silent'

/** This member began to lead (it may append), or to follow who does. */
export interface LeaderChanged {
  readonly type: 'leader.changed'
  readonly epoch: number
  readonly role: 'leader' | 'follower'
  readonly cause: LeaderCause
  /** The hand-over as this member saw it: from the loss of the last leader, or from its own start, until now. */
  readonly ms: number
}

/** Something came from another member, or from whoever can post there, that was none of ours: it was dropped, not run. */
export interface MessageRefused {
  readonly type: 'message.refused'
}

/** The store was brought to its last whole commit; the report says what was found and done. */
export interface RecoveryFinished {
  readonly type: 'recovery.finished'
  readonly report: RecoveryReport
  readonly ms: number
}

/** The log was folded into the home up to `checkpointedTxid`. */
export interface CheckpointFinished {
  readonly type: 'checkpoint.finished'
  readonly checkpointedTxid: number
  readonly blocks: number
  readonly bytes: number
  readonly ms: number
}

/** A block on the medium does not have the bytes that were written. */
export interface ChecksumMismatched {
  readonly type: 'checksum.mismatched'
  readonly blockNo: number
  /** Name of the file within the store. */
  readonly file: string
}

export type StorageOperation = 'read' | 'append' | 'barrier' | 'confirm' | 'readBack' | 'void' | 'checkpoint' | 'close'

/** The medium failed or refused. What it means for callers is in their own errors. */
export interface StorageFailed {
  readonly type: 'storage.failed'
  readonly code: ErrorCode
  readonly message: string
  readonly operation: StorageOperation
}

/** Transactions `from`…`to` of that epoch, of level deferred or relaxed, will never be durable. */
export interface CommitsLost {
  readonly type: 'commits.lost'
  readonly epoch: number
  readonly from: number
  readonly to: number
}

/** A PRAGMA was answered with the value in force and changed nothing; the message names the option that does. */
export interface PragmaIgnored {
  readonly type: 'pragma.ignored'
  readonly pragma: string
  readonly message: string
}

/** An import took the place of everything that was in the database. */
export interface DatabaseReplaced {
  readonly type: 'database.replaced'
  readonly receipt: Receipt
}

/** The last event. */
export interface DatabaseClosed {
  readonly type: 'database.closed'
}

export type DatabaseEvent =
  | SyncStarted
  | SyncSucceeded
  | SyncFailed
  | BackpressureChanged
  | LeaderChanged
  | MessageRefused
  | RecoveryFinished
  | CheckpointFinished
  | ChecksumMismatched
  | StorageFailed
  | CommitsLost
  | PragmaIgnored
  | DatabaseReplaced
  | DatabaseClosed

/** One commit record on the medium, told when its callers are answered, and only then. */
export interface CommitEvent {
  /** Of its last transaction. */
  readonly receipt: Receipt
  readonly firstTxid: number
  readonly lastTxid: number
  readonly blocks: number
  /** Bytes of the record as written, padding included. */
  readonly bytes: number
  /** The level that was reached. */
  readonly durability: Durability
  /** Wall clock, milliseconds since 1970. */
  readonly timeMs: number
  /** From the start of its sync. */
  readonly ms: number
}

export type DatabaseState =
  'opening' | 'candidate' | 'recovering' | 'leading' | 'following' | 'draining' | 'closed' | 'failed'

/** Where the database stands. Nothing falls back silently: it is said here. */
export interface Status {
  readonly state: DatabaseState
  /** none: before it leads or follows, and after it has ended. */
  readonly role: 'leader' | 'follower' | 'none'
  /** 'auto': not chosen yet. */
  readonly medium: 'auto' | 'memory' | 'fs' | 'indexeddb' | 'opfs'
  /** Why this medium, where there was a choice. */
  readonly mediumReason?: string
  /** Directory or store name; empty for memory. */
  readonly location: string
  /** 0 until it leads. */
  readonly epoch: number
  /** The database's own level; a request may ask for another. */
  readonly durability: Durability
  /** Why it failed, or what it waits for. */
  readonly reason?: string
}
