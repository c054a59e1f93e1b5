/** Events as the database tells them, with round numbers. */
import type { CommitEvent, Status, SyncExtent, SyncFailed, SyncStarted, SyncSucceeded } from '../../../src/events.ts'

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
