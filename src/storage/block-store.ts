/**
 * The port between those who decide and the medium: an event-sourced block store.
 * Blocks are read as of the last appended commit. One writer; the reign ends with `close` or with LEASE_LOST.
 *
 *   appended (written) ── barrier ──▶ durable ── checkpoint ──▶ folded into the home
 *   writtenTxid        ≥              durableTxid      ≥        checkpointedTxid
 */
import type { Awaitable, BlockNo, Epoch, Txid } from '../units.ts'
import type { AwaitedBlocks } from './awaited.ts'
import type { RequestOutcome } from './request-table.ts'

export interface BlockStore {
  readonly storeId: string
  readonly blockSize: number
  readonly epoch: Epoch
  /** Size of the database after the last appended commit, in blocks. */
  readonly sizeBlocks: number
  readonly positions: StorePositions
  readonly statistics: StoreStatistics
  /** Blocks that cannot be read yet: until they are here nothing may be appended. Absent or undefined: there are none. */
  readonly awaited?: AwaitedBlocks | undefined

  /**
   * Copies a block as of the last appended commit into `into` (blockSize bytes). Never written or freed: zeros.
   * @throws CHECKSUM_MISMATCH, ALGORITHM_MISMATCH when what lies on the medium is not what was written; STORAGE_FAILED; BlockAwaited
   */
  read(blockNo: BlockNo, into: Uint8Array): void
  /** Identity of a block as of the last appended commit; undefined if it was never written. */
  blockInfo(blockNo: BlockNo): BlockInfo | undefined

  /**
   * Writes one commit record. Not durable, unless the medium does both at once: `needsBarrier` says that a barrier will follow.
   * @throws STORAGE_FULL: refused before any byte of it, may be tried again · STORAGE_FAILED with outcome 'unknown': `voidAfterFailure` is owed
   */
  append(group: Group, options?: AppendOptions): Awaitable<Appended>
  /** Barrier over everything appended. `mayWait`: others have work to do meanwhile. @throws STORAGE_FAILED, outcome 'unknown' */
  barrier(options: { readonly mayWait: boolean }): Awaitable<void>
  /** Re-reads the epoch on the medium. @throws LEASE_LOST if it is no longer ours */
  confirmEpoch(): Awaitable<void>
  /** Reads back the record of the last append and compares it. @throws READBACK_MISMATCH */
  readBack(): Awaitable<void>
  /**
   * After an append or a barrier with unknown outcome: raises the epoch and begins a new series, behind which everything that is not
   * kept is void for ever. Kept are commits that are durable and those that a later `confirmEpoch` let be answered; both are durable
   * then. If `readBack` or `confirmEpoch` failed, the last append is void although its barrier has passed.
   * @throws STORAGE_FAILED: still owed; nothing may be appended until it succeeds · LEASE_LOST
   */
  voidAfterFailure(): Promise<Voided>

  /** The log is long enough to be worth folding. */
  readonly isCheckpointDue: boolean
  /** Folds what is durable into the home. Commits may be appended between its pauses. */
  checkpoint(options: CheckpointOptions): Promise<CheckpointResult>
  /** Reads blocks of the home and the log and compares them with their checksums. */
  verify(options: VerifyOptions): Promise<VerifyReport>
  /** Holds the database as of now for reading; a checkpoint waits until it is released. */
  pin(): Snapshot
  /** What earlier epochs kept, oldest first, as far as it is remembered: at least the last 64. */
  readonly epochEnds: readonly EpochEnd[]
  /** Outcomes of requests with an id, as of the last appended commit. */
  outcomeOf(request: { readonly clientId: string; readonly requestNo: number }): OutcomeLookup

  /** Barrier, full checkpoint, home made a plain SQLite file, clean header. Then releases every file. */
  close(options: CheckpointOptions): Promise<void>
  /** Releases every file and writes nothing: after a failure. */
  abandon(): void
}

/** What one flush makes durable: sealed transactions firstTxid…lastTxid, each block once, in its last image. */
export interface Group {
  readonly firstTxid: Txid
  readonly lastTxid: Txid
  /** Size of the database after lastTxid, in blocks. Blocks at or beyond it are freed. */
  readonly sizeBlocks: number
  /** blockSize bytes each, all below sizeBlocks. Nobody changes them until the flush has ended; a store keeps copies. */
  readonly blocks: ReadonlyMap<BlockNo, Uint8Array>
  /** Blocks below sizeBlocks that are given up: they leave a tombstone and read as zeros. */
  readonly freed: ReadonlySet<BlockNo>
  readonly requests: readonly RequestOutcome[]
  /** Wall clock, milliseconds since 1970. */
  readonly timeMs: number
}

export interface StorePositions {
  readonly writtenTxid: Txid
  readonly durableTxid: Txid
  readonly checkpointedTxid: Txid
}

export interface AppendOptions {
  /** The record is to be durable: a medium whose write can be that needs no barrier of its own then. */
  readonly needsBarrier: boolean
}

export interface Appended {
  readonly bytes: number
  readonly blocks: number
}

export interface Voided {
  readonly epoch: Epoch
  /** Appended commits that could not be kept; undefined if all were. */
  readonly lost?: { readonly from: Txid; readonly to: Txid }
}

export type ChecksumAlgorithm = 'xxh64' | 'crc32'

export interface BlockInfo {
  /** Transaction of the last write or free. */
  readonly txid: Txid
  /** 1 at the first flush that holds the block, +1 with each. */
  readonly version: number
  readonly checksum: bigint
  readonly algorithm: ChecksumAlgorithm
  /** Wall clock of that flush, milliseconds since 1970. */
  readonly lastModifiedMs: number
  /** The block was freed; its version goes on when it is used again. */
  readonly isTombstone: boolean
}

export interface StoreStatistics {
  readonly logBytes: number
  readonly homeBytes: number
  readonly cacheBytes: number
  readonly checksumFailures: number
  readonly barriers: number
  readonly bytesWritten: number
}

export interface CheckpointOptions {
  /** Awaited between steps; resolves when no commit is waiting. Absent: steps run back to back. */
  readonly pause?: () => Promise<void>
  /** Fold everything, not only what is in full segments. */
  readonly everything?: boolean
}

export interface CheckpointResult {
  readonly checkpointedTxid: Txid
  readonly blocks: number
  readonly bytes: number
}

export interface VerifyOptions {
  readonly mode: 'full' | 'sample'
  readonly sampleSize?: number
  /** 0 ≤ n < 1; needed for 'sample'. */
  readonly random?: () => number
  readonly pause?: () => Promise<void>
}

export interface VerifyReport {
  readonly blocksChecked: number
  readonly damaged: readonly DamagedBlock[]
}

export interface DamagedBlock {
  readonly blockNo: BlockNo
  readonly file: string
  readonly code: 'CHECKSUM_MISMATCH' | 'ALGORITHM_MISMATCH' | 'HOME_CORRUPT' | 'STORAGE_FAILED'
  readonly message: string
}

export interface Snapshot {
  readonly txid: Txid
  readonly sizeBlocks: number
  readonly blockSize: number
  read(blockNo: BlockNo, into: Uint8Array): void
  release(): void
}

export interface EpochEnd {
  readonly epoch: Epoch
  /** Last transaction that was kept when the next epoch began. */
  readonly lastTxid: Txid
}

export type OutcomeLookup =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'known'; readonly outcome: RequestOutcome }
  /**
   * `isNew`: of a client that the store has never seen. `isTableFull`: and no further one is taken on. `memberFloor`: members whose names
   * are not of an epoch above it may have been forgotten.
   */
  | { readonly kind: 'unknown'; readonly isNew?: true; readonly isTableFull?: true; readonly memberFloor?: number }
