/** What recovery is told, what it says, what it remembers. */
import type { ErrorCode } from '../errors.ts'

export interface RecoveryInput {
  readonly verify: 'full' | 'sample' | 'none'
  readonly onCorruption: 'fail' | 'report' | 'repair'
}

export interface ScanFinished {
  readonly type: 'scan.finished'
  /** Whole records found, and bytes of the torn tail behind them. */
  readonly records: number
  readonly tornBytes: number
  /** Damage before the durable end of the log. */
  readonly isCorrupt: boolean
}

export interface StepFailed {
  readonly type: 'step.failed'
  readonly code: ErrorCode
}

export type RecoveryEvent =
  | ScanFinished
  | StepFailed
  | { readonly type: 'recovery.requested' }
  | { readonly type: 'epoch.raised'; readonly epoch: number }
  /** isRollback: something incomplete is cut or deleted; else whole records are only folded. */
  | { readonly type: 'plan.decided'; readonly isRollback: boolean }
  | { readonly type: 'execution.finished' | 'reconcile.finished' }
  | { readonly type: 'verify.finished'; readonly damagedCount: number }
  | { readonly type: 'repair.finished'; readonly unrepairedCount: number }

export type RecoveryStep = 'epoch' | 'scan' | 'plan' | 'execution' | 'reconcile' | 'verify' | 'repair'

interface Findings {
  readonly epoch: number
  readonly records: number
  readonly tornBytes: number
  readonly isCorrupt: boolean
  readonly damagedCount: number
  /** Damaged blocks that the log could not restore: their bytes are quarantined. */
  readonly unrepairedCount: number
}

export type RecoveryEmitted =
  | { readonly type: `${RecoveryStep}.wanted` }
  | ({ readonly type: 'recovery.finished' } & Findings)
  | { readonly type: 'recovery.failed'; readonly code: ErrorCode; readonly isCorrupt: boolean }

export interface RecoveryContext extends RecoveryInput, Findings {}
