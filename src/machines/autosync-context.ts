/**
 * How what autosync remembers moves: one pure function for each fact. The oldest age is kept conservatively: when a flush covers
 * what was sealed until it was wanted, the first transaction sealed after that becomes the oldest. A flush may take what was sealed
 * and not told yet: its positions count, and what is told later is known already.
 */
import { assert } from '../assert.ts'
import type {
  AutosyncContext,
  AutosyncInput,
  FlushFailed,
  FlushSucceeded,
  TransactionsSealed,
} from './autosync-types.ts'

type Update = Partial<AutosyncContext>

/** What is wanted together with a fact: no flush, one that does what its group's levels ask for, one that makes everything durable. */
export type Wants = 'nothing' | 'levels' | 'barrier'

export const isBehind = ({ durableTxid, sealedTxid }: AutosyncContext): boolean => durableTxid < sealedTxid

export const initialContext = (input: AutosyncInput): AutosyncContext => ({
  policy: input.policy,
  highBytes: input.highBytes,
  normalBytes: input.normalBytes,
  sealedTxid: input.sealedTxid,
  writtenTxid: input.sealedTxid,
  durableTxid: input.sealedTxid,
  dirtyBlocks: 0,
  dirtyBytes: 0,
  oldestAtMs: 0,
  newestAtMs: 0,
  flushTxid: input.sealedTxid,
  laterAtMs: 0,
  wakeAtMs: null,
  needsBarrier: false,
  isRequested: false,
  failureCount: 0,
  isHigh: false,
  isGivenUp: false,
})

export function afterSealed(context: AutosyncContext, sealed: TransactionsSealed, wants: Wants): Update {
  const sealedTxid = Math.max(sealed.sealedTxid, context.sealedTxid)
  const isWanted = wants !== 'nothing'
  return {
    sealedTxid,
    dirtyBlocks: sealed.dirtyBlocks,
    dirtyBytes: sealed.dirtyBytes,
    oldestAtMs: isBehind(context) ? context.oldestAtMs : sealed.atMs,
    newestAtMs: sealed.atMs,
    laterAtMs: context.sealedTxid === context.flushTxid ? sealed.atMs : context.laterAtMs,
    flushTxid: isWanted ? sealedTxid : context.flushTxid,
    needsBarrier: isWanted ? wants === 'barrier' : context.needsBarrier,
    isRequested: context.isRequested && !isWanted,
  }
}

/** A flush that makes everything durable is wanted. */
export const afterWanted = (context: AutosyncContext): Update => ({
  flushTxid: context.sealedTxid,
  isRequested: false,
  needsBarrier: true,
})

export function afterFlushed(context: AutosyncContext, flushed: FlushSucceeded, wants: Wants): Update {
  assert(flushed.durableTxid >= context.durableTxid, 'durability is never taken back')
  assert(flushed.writtenTxid >= flushed.durableTxid, 'what is durable is written')
  assert(flushed.writtenTxid >= context.flushTxid, 'a flush writes what was sealed when it was wanted')
  const isCovered = flushed.durableTxid >= context.flushTxid
  assert(isCovered || !context.needsBarrier, 'a flush with a barrier makes durable what was sealed when it was wanted')
  const sealedTxid = Math.max(flushed.writtenTxid, context.sealedTxid)
  return {
    sealedTxid,
    writtenTxid: flushed.writtenTxid,
    durableTxid: flushed.durableTxid,
    dirtyBlocks: flushed.dirtyBlocks,
    dirtyBytes: flushed.dirtyBytes,
    oldestAtMs: isCovered ? context.laterAtMs : context.oldestAtMs,
    flushTxid: wants === 'nothing' ? context.flushTxid : sealedTxid,
    needsBarrier: wants === 'barrier',
    isRequested: false,
    failureCount: 0,
  }
}

/** What is behind after a failure is written and waits for a barrier only; its age starts anew, so that a sick medium is not hammered. */
export function afterFailed(context: AutosyncContext, failed: FlushFailed): Update {
  assert(failed.sealedTxid <= context.sealedTxid, 'a failure seals nothing')
  assert(failed.durableTxid <= failed.sealedTxid, 'what is durable was sealed')
  return {
    sealedTxid: failed.sealedTxid,
    writtenTxid: failed.sealedTxid,
    durableTxid: failed.durableTxid,
    dirtyBlocks: 0,
    dirtyBytes: 0,
    oldestAtMs: failed.atMs,
    newestAtMs: failed.atMs,
    flushTxid: failed.sealedTxid,
    isRequested: false,
    failureCount: context.failureCount + 1,
  }
}

/** The fact moves dirtyBytes over a watermark. Between the two it stays as it was. */
export const isEdge = ({ isHigh, highBytes, normalBytes }: AutosyncContext, dirtyBytes: number): boolean =>
  isHigh ? dirtyBytes < normalBytes : dirtyBytes >= highBytes
