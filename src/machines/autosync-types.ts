/** What autosync is told, what it says, what it remembers. */
import type { AutosyncPolicy, Dirtiness, PolicyTrigger } from './sync-policy.ts'

export interface AutosyncInput {
  readonly policy: AutosyncPolicy
  /** Watermarks on dirtyBytes; normalBytes ≤ highBytes. */
  readonly highBytes: number
  readonly normalBytes: number
  /** Everything up to here is durable when the machine starts. */
  readonly sealedTxid: number
}

/** 'now': a strict or relaxed request waits for it. 'policy': nobody waits. */
export type Urgency = 'now' | 'policy'

export interface At {
  /** Monotonic milliseconds. */
  readonly atMs: number
}

export interface TransactionsSealed extends Dirtiness, At {
  readonly type: 'transactions.sealed'
  readonly sealedTxid: number
  readonly urgency: Urgency
}

/** Positions after the flush; dirtiness and urgency of what was sealed meanwhile. */
export interface FlushSucceeded extends Dirtiness, At {
  readonly type: 'flush.succeeded'
  readonly writtenTxid: number
  readonly durableTxid: number
  readonly urgency: Urgency
}

/** Outcome unknown: the group and everything sealed later were rejected; positions are those of the rebuilt view. */
export interface FlushFailed extends At {
  readonly type: 'flush.failed'
  readonly sealedTxid: number
  readonly durableTxid: number
}

/** `flush.requested`: forceSync, a hidden page, a strict read, a wait for a receipt. `flush.refused`: disk full, the group is kept. */
export interface AutosyncSignal extends At {
  readonly type: 'flush.requested' | 'flush.refused' | 'woke' | 'drain.requested'
}

export type AutosyncEvent = TransactionsSealed | FlushSucceeded | FlushFailed | AutosyncSignal

export type FlushTrigger = PolicyTrigger | 'urgent' | 'threshold' | 'requested' | 'drain' | 'retry'

export type AutosyncEmitted =
  /** needsBarrier: everything written is durable at its end; else the levels in the group decide. The group may be empty. */
  | { readonly type: 'flush.wanted'; readonly trigger: FlushTrigger; readonly needsBarrier: boolean }
  /** Replaces the previous wish; null cancels it. */
  | { readonly type: 'wake.wanted'; readonly atMs: number | null }
  | { readonly type: 'backpressure.changed'; readonly isHigh: boolean }
  | { readonly type: 'drained'; readonly isGivenUp: boolean }

export interface AutosyncContext extends AutosyncInput, Dirtiness {
  readonly writtenTxid: number
  readonly durableTxid: number
  /** When the oldest transaction that is not durable was sealed, and the newest; of no meaning when nothing is behind. */
  readonly oldestAtMs: number
  readonly newestAtMs: number
  /** sealedTxid when the flush in flight was wanted, and when the first transaction after it was sealed. */
  readonly flushTxid: number
  readonly laterAtMs: number
  /** The wake that was asked for last and has not come. */
  readonly wakeAtMs: number | null
  /** The flush in flight makes everything up to flushTxid durable. */
  readonly needsBarrier: boolean
  /** A flush was requested while one was in flight or refused. */
  readonly isRequested: boolean
  /** Refused or failed in a row. */
  readonly failureCount: number
  readonly isHigh: boolean
  readonly isGivenUp: boolean
}
