/** The recovery report while it is written. */
import type { RecoveryReport } from './recovery-report.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export type ReportDraft = Mutable<Omit<RecoveryReport, 'steps'>> & { readonly steps: Mutable<RecoveryReport['steps']> }

export const newReport = (): ReportDraft => ({
  found: 'existing',
  storeId: '',
  epochBefore: 0,
  epochAfter: 0,
  cleanShutdown: false,
  recoveredTxid: 0,
  durableThrough: 0,
  sizeBlocks: 0,
  recordsReplayed: 0,
  transactionsReplayed: 0,
  bytesReplayed: 0,
  tornTail: undefined,
  logDamage: undefined,
  discardedSegments: [],
  blocksVerified: 0,
  damaged: [],
  repaired: [],
  tablePagesRebuilt: [],
  quarantined: [],
  homeAdopted: undefined,
  steps: {
    segmentsScanned: 0,
    recordsScanned: 0,
    blocksWritten: 0,
    tablePagesWritten: 0,
    homeBytesCut: 0,
    homeBytesAdded: 0,
  },
})
