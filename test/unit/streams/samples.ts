/** Events as the database tells them, with round numbers. */
import type { CommitEvent, Status, SyncExtent, SyncFailed, SyncStarted, SyncSucceeded } from '../../../src/events.ts'
import type { RecoveryReport } from '../../../src/storage/recovery-report.ts'
import { blockNo } from '../../../src/units.ts'

const extent: SyncExtent = { txidFrom: 1, txidTo: 4, blocks: 10, bytes: 40_960, trigger: 'urgent' }

export const started = (over: Partial<SyncExtent> = {}): SyncStarted => ({ type: 'sync.started', ...extent, ...over })

export const succeeded = (over: Partial<SyncSucceeded> = {}): SyncSucceeded => ({
  ...extent,
  ms: 2,
  epoch: 1,
  ...over,
  type: 'sync.succeeded',
})

export const failed = (over: Partial<SyncFailed> = {}): SyncFailed => ({
  ...extent,
  ms: 2,
  code: 'STORAGE_FULL',
  message: 'the disk is full',
  willRetry: true,
  ...over,
  type: 'sync.failed',
})

export const commit = (txid: number): CommitEvent => ({
  receipt: { epoch: 1, txid },
  firstTxid: txid,
  lastTxid: txid,
  blocks: 1,
  bytes: 8192,
  durability: 'strict',
  timeMs: 1_700_000_000_000,
  ms: 0.5,
})

export const leading: Status = {
  state: 'leading',
  role: 'leader',
  medium: 'fs',
  location: '/data/notes',
  epoch: 1,
  durability: 'strict',
}

export const uneventful: RecoveryReport = {
  found: 'existing',
  storeId: '00112233445566778899aabbccddeeff',
  epochBefore: 1,
  epochAfter: 2,
  cleanShutdown: true,
  recoveredTxid: 12,
  durableThrough: 12,
  sizeBlocks: 10,
  recordsReplayed: 0,
  transactionsReplayed: 0,
  bytesReplayed: 0,
  tornTail: undefined,
  logDamage: undefined,
  discardedSegments: [],
  blocksVerified: 10,
  damaged: [],
  repaired: [],
  tablePagesRebuilt: [],
  quarantined: [],
  homeAdopted: undefined,
  steps: {
    segmentsScanned: 1,
    recordsScanned: 0,
    blocksWritten: 0,
    tablePagesWritten: 0,
    homeBytesCut: 0,
    homeBytesAdded: 0,
  },
}

export const eventful: RecoveryReport = {
  ...uneventful,
  cleanShutdown: false,
  recordsReplayed: 3,
  transactionsReplayed: 5,
  bytesReplayed: 36_864,
  tornTail: { file: 'log-1', at: 8192, bytes: 4096 },
  logDamage: { file: 'log-1', at: 4096, fromTxid: 13, toTxid: 14 },
  discardedSegments: ['log-2'],
  damaged: [{ blockNo: blockNo(4), file: 'database.sqlite', code: 'CHECKSUM_MISMATCH', message: 'checksum differs' }],
  repaired: [5],
  quarantined: [{ file: 'quarantine-0', from: 'database.sqlite', at: 16_384, bytes: 4096 }],
  homeAdopted: { blocksChanged: 1, sizeBlocksBefore: 10, sizeBlocksAfter: 11 },
}
