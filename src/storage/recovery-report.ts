/** What a recovery found and did, as plain data. Durations are added by whoever measures them. */
import type { DamagedBlock } from './block-store.ts'

export interface RecoveryReport {
  readonly found: 'created' | 'existing'
  readonly storeId: string
  readonly epochBefore: number
  readonly epochAfter: number
  /** The last reign closed the store; nothing had to be redone. False too where a leader handed over: its successor redoes what it has not folded. */
  readonly cleanShutdown: boolean
  /** Last transaction that the store holds now. */
  readonly recoveredTxid: number
  /** Greatest transaction that is known to have passed a barrier before. */
  readonly durableThrough: number
  readonly sizeBlocks: number
  /** Records redone from the log, transactions in them, and bytes of the records. */
  readonly recordsReplayed: number
  readonly transactionsReplayed: number
  readonly bytesReplayed: number
  /** Behind the last whole record; a crash leaves such a tail, and it holds nothing that was acknowledged as strict. */
  readonly tornTail: TornTail | undefined
  /** Damage before the durable end of the log, with onCorruption 'report' or 'repair': what follows it could not be kept. */
  readonly logDamage: LogDamage | undefined
  /** Files of segments that were valid and are not part of the log: void series, and what follows a cut. */
  readonly discardedSegments: readonly string[]
  readonly blocksVerified: number
  readonly damaged: readonly DamagedBlock[]
  /** Damaged blocks whose bytes were found in the log and written back. */
  readonly repaired: readonly number[]
  /** Table pages that were rebuilt from the home: versions and transactions of their blocks begin anew. */
  readonly tablePagesRebuilt: readonly number[]
  readonly quarantined: readonly QuarantinedBytes[]
  readonly homeAdopted: HomeAdopted | undefined
  /** How much each step had to do. */
  readonly steps: RecoverySteps
}

export interface TornTail {
  readonly file: string
  readonly at: number
  readonly bytes: number
}

export interface LogDamage {
  readonly file: string
  readonly at: number
  /**
   * First transaction that is damaged or missing, and the last one known to have been durable. Where a file was cut at the end of a record
   * none may be known: then `toTxid` is `fromTxid` − 1.
   */
  readonly fromTxid: number
  readonly toTxid: number
}

export interface QuarantinedBytes {
  /** The file that keeps the damaged bytes as they were found. */
  readonly file: string
  readonly from: string
  readonly at: number
  readonly bytes: number
}

export interface HomeAdopted {
  readonly blocksChanged: number
  readonly sizeBlocksBefore: number
  readonly sizeBlocksAfter: number
}

export interface RecoverySteps {
  /** Segments and records looked at. */
  readonly segmentsScanned: number
  readonly recordsScanned: number
  /** Blocks and table pages written while redoing. */
  readonly blocksWritten: number
  readonly tablePagesWritten: number
  /** Bytes cut from, or added to, the home so that it has whole blocks and the size of the database. */
  readonly homeBytesCut: number
  readonly homeBytesAdded: number
}
