/** What commit is told, what it says, what it remembers. */

export interface CommitInput {
  readonly epoch: number
  readonly writtenTxid: number
  readonly durableTxid: number
}

/** Sealed transactions firstTxid…lastTxid. */
export interface TxidRange {
  readonly firstTxid: number
  readonly lastTxid: number
}

export interface CommitRequested extends TxidRange {
  readonly type: 'commit.requested'
  /** False: nobody in the group waits for more than that it is written. */
  readonly needsBarrier: boolean
  readonly verifyAfterWrite: boolean
}

export interface VoidRecorded {
  readonly type: 'void.recorded'
  readonly epoch: number
  /** Written commits that could not be kept. All others are durable now. */
  readonly lostFrom?: number
  readonly lostTo?: number
}

export type CommitEvent =
  | CommitRequested
  | VoidRecorded
  | { readonly type: 'barrier.requested' }
  | { readonly type: 'record.written' | 'record.refused' | 'outcome.unknown' | 'barrier.passed' }
  | { readonly type: 'readback.matched' | 'readback.mismatched' | 'epoch.confirmed' | 'epoch.superseded' }
  | { readonly type: 'void.failed' | 'void.retry.requested' }

interface Positions {
  readonly epoch: number
  readonly writtenTxid: number
  readonly durableTxid: number
}

export type CommitEmitted =
  | ({ readonly type: 'write.wanted' } & TxidRange)
  | { readonly type: 'barrier.wanted' | 'readback.wanted' | 'confirmation.wanted' | 'void.wanted' }
  | ({ readonly type: 'commit.committed' } & TxidRange & Positions)
  /** Refused before any byte: the group is kept by the caller. */
  | ({ readonly type: 'commit.refused' } & TxidRange)
  /** certain: the group is not there and never will be. Positions are those after it; the group may be empty. */
  | ({ readonly type: 'commit.rolledBack'; readonly certain: boolean } & TxidRange & Positions)
  /** A higher epoch is on the medium; a group that was underway has an unknown outcome. */
  | ({ readonly type: 'commit.fenced' } & TxidRange)
  /** Commits that were answered as written, or in doubt, are gone. */
  | { readonly type: 'commits.lost'; readonly epoch: number; readonly from: number; readonly to: number }

export interface CommitContext extends Positions, TxidRange {
  readonly needsBarrier: boolean
  readonly verifyAfterWrite: boolean
}
