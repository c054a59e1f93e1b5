/**
 * Commit takes one flush at a time through the medium: nothing is acknowledged before its record, its barrier and its epoch.
 *
 *   idle ─commit.requested→ writing ─record.written→ syncing ─barrier.passed→ confirming ─epoch.confirmed→ committed
 *   writing ─record.written→ confirming, when the group may go without a barrier     ─record.refused→ idle, nothing was written
 *   syncing | writing → readingBack → confirming, when what was written is read back and compared
 *   writing, syncing, readingBack, confirming ─outcome.unknown | readback.mismatched→ voiding: the record is made void for ever
 *   voiding ─void.recorded→ rolledBack, for certain       ─void.failed→ poisoned: it is not known whether the group is there
 *   poisoned ─commit.requested | barrier.requested | void.retry.requested→ unpoisoning: the void first, then the group
 *   any ─epoch.superseded→ fenced
 *   committed and rolledBack are left like idle. barrier.requested makes durable what was written without one: an empty group,
 *   which a recorded void completes as well, because what it keeps is durable.
 *
 * Invariants, checked at every transition by test/model/machines/commit.test.ts:
 *   1. A group that needs a barrier is committed only after its record, its barrier, its readback if asked for, and its epoch.
 *   2. durableTxid ≤ writtenTxid; neither falls within an epoch.
 *   3. A barrier that failed is never asked for again for the same group.
 *   4. Every group ends exactly once: committed, refused, rolled back or fenced.
 *   5. Nothing is written while a void is owed.
 *   6. At most one want is unanswered.
 *   7. Once fenced, nothing is wanted and nothing is committed.
 */
import { assign, emit, enqueueActions, setup } from 'xstate'
import { assert } from '../assert.ts'

export interface CommitInput {
  readonly epoch: number
  readonly writtenTxid: number
  readonly durableTxid: number
}

/** Sealed transactions firstTxid…lastTxid. */
interface Range {
  readonly firstTxid: number
  readonly lastTxid: number
}

export interface CommitRequested extends Range {
  readonly type: 'commit.requested'
  /** False: a relaxed group, answered when written; whether an earlier group stays without a barrier too is the caller's choice. */
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
  | ({ readonly type: 'write.wanted' } & Range)
  | { readonly type: 'barrier.wanted' | 'readback.wanted' | 'confirmation.wanted' | 'void.wanted' }
  | ({ readonly type: 'commit.committed' } & Range & Positions)
  /** Refused before any byte: the group is kept by the caller. */
  | ({ readonly type: 'commit.refused' } & Range)
  /** certain: the group is not there and never will be. Positions are those after it; the group may be empty. */
  | ({ readonly type: 'commit.rolledBack'; readonly certain: boolean } & Range & Positions)
  /** A higher epoch is on the medium; a group that was underway has an unknown outcome. */
  | ({ readonly type: 'commit.fenced' } & Range)
  /** Commits that were answered as written, or in doubt, are gone. */
  | { readonly type: 'commits.lost'; readonly epoch: number; readonly from: number; readonly to: number }

export interface CommitContext extends Positions, Range {
  readonly needsBarrier: boolean
  readonly verifyAfterWrite: boolean
}

export const commitMachine = setup({
  types: {
    context: {} as CommitContext,
    events: {} as CommitEvent,
    emitted: {} as CommitEmitted,
    input: {} as CommitInput,
  },
  guards: {
    needsBarrier: ({ context }) => context.needsBarrier,
    needsReadback: ({ context }) => context.verifyAfterWrite,
    isLossless: (_, voided: VoidRecorded) => voided.lostFrom === undefined,
    isEmptyAndLossless: ({ context }, voided: VoidRecorded) =>
      context.lastTxid < context.firstTxid && voided.lostFrom === undefined,
  },
  actions: {
    recordRequested: assign(({ context }, requested: CommitRequested) => {
      assert(requested.firstTxid === context.writtenTxid + 1, 'a group follows what is written')
      assert(requested.lastTxid >= requested.firstTxid, 'a group holds a transaction')
      return {
        firstTxid: requested.firstTxid,
        lastTxid: requested.lastTxid,
        needsBarrier: requested.needsBarrier,
        verifyAfterWrite: requested.verifyAfterWrite,
      }
    }),
    recordEmpty: assign(({ context }) => ({
      firstTxid: context.writtenTxid + 1,
      lastTxid: context.writtenTxid,
      needsBarrier: true,
      verifyAfterWrite: false,
    })),
    recordCommitted: assign(({ context }) => ({
      writtenTxid: context.lastTxid,
      durableTxid: context.needsBarrier ? context.lastTxid : context.durableTxid,
    })),
    recordVoided: assign(({ context }, voided: VoidRecorded) => {
      assert(voided.epoch > context.epoch, 'a void raises the epoch')
      const writtenTxid = voided.lostFrom === undefined ? context.writtenTxid : voided.lostFrom - 1
      assert(writtenTxid >= context.durableTxid, 'what is durable is never voided')
      assert(writtenTxid <= context.writtenTxid, 'only written commits are lost')
      return { epoch: voided.epoch, writtenTxid, durableTxid: writtenTxid }
    }),
    wantWrite: emit(({ context }) => ({
      type: 'write.wanted',
      firstTxid: context.firstTxid,
      lastTxid: context.lastTxid,
    })),
    wantBarrier: emit({ type: 'barrier.wanted' }),
    wantReadback: emit({ type: 'readback.wanted' }),
    wantConfirmation: emit({ type: 'confirmation.wanted' }),
    wantVoid: emit({ type: 'void.wanted' }),
    emitCommitted: emit(({ context }) => ({ type: 'commit.committed', ...boundsOf(context), ...positionsOf(context) })),
    emitRefused: emit(({ context }) => ({ type: 'commit.refused', ...boundsOf(context) })),
    emitRolledBack: emit(({ context }, { certain }: { readonly certain: boolean }) => ({
      type: 'commit.rolledBack',
      certain,
      ...boundsOf(context),
      ...positionsOf(context),
    })),
    emitLost: enqueueActions(({ context, enqueue }, { lostFrom, lostTo }: VoidRecorded) => {
      if (lostFrom === undefined || lostTo === undefined) return
      enqueue.emit({ type: 'commits.lost', epoch: context.epoch, from: lostFrom, to: lostTo })
    }),
    emitFenced: emit(({ context }) => ({ type: 'commit.fenced', ...boundsOf(context) })),
  },
}).createMachine({
  id: 'commit',
  context: ({ input }) => ({
    ...input,
    firstTxid: input.writtenTxid + 1,
    lastTxid: input.writtenTxid,
    needsBarrier: false,
    verifyAfterWrite: false,
  }),
  initial: 'idle',
  on: { 'epoch.superseded': '.fenced' },
  states: {
    idle: {
      on: {
        'commit.requested': {
          target: 'writing',
          actions: [{ type: 'recordRequested', params: ({ event }) => event }, 'wantWrite'],
        },
        'barrier.requested': { target: 'syncing', actions: ['recordEmpty', 'wantBarrier'] },
      },
    },
    committed: {
      on: {
        'commit.requested': {
          target: 'writing',
          actions: [{ type: 'recordRequested', params: ({ event }) => event }, 'wantWrite'],
        },
        'barrier.requested': { target: 'syncing', actions: ['recordEmpty', 'wantBarrier'] },
      },
    },
    rolledBack: {
      on: {
        'commit.requested': {
          target: 'writing',
          actions: [{ type: 'recordRequested', params: ({ event }) => event }, 'wantWrite'],
        },
        'barrier.requested': { target: 'syncing', actions: ['recordEmpty', 'wantBarrier'] },
      },
    },
    writing: {
      on: {
        'record.written': [
          { guard: 'needsBarrier', target: 'syncing', actions: 'wantBarrier' },
          { guard: 'needsReadback', target: 'readingBack', actions: 'wantReadback' },
          { target: 'confirming', actions: 'wantConfirmation' },
        ],
        'record.refused': { target: 'idle', actions: 'emitRefused' },
        'outcome.unknown': { target: 'voiding', actions: 'wantVoid' },
      },
    },
    syncing: {
      on: {
        'barrier.passed': [
          { guard: 'needsReadback', target: 'readingBack', actions: 'wantReadback' },
          { target: 'confirming', actions: 'wantConfirmation' },
        ],
        'outcome.unknown': { target: 'voiding', actions: 'wantVoid' },
      },
    },
    readingBack: {
      on: {
        'readback.matched': { target: 'confirming', actions: 'wantConfirmation' },
        'readback.mismatched': { target: 'voiding', actions: 'wantVoid' },
        'outcome.unknown': { target: 'voiding', actions: 'wantVoid' },
      },
    },
    confirming: {
      on: {
        'epoch.confirmed': { target: 'committed', actions: ['recordCommitted', 'emitCommitted'] },
        'outcome.unknown': { target: 'voiding', actions: 'wantVoid' },
      },
    },
    voiding: {
      on: {
        'void.recorded': [
          {
            guard: { type: 'isEmptyAndLossless', params: ({ event }) => event },
            target: 'committed',
            actions: [{ type: 'recordVoided', params: ({ event }) => event }, 'emitCommitted'],
          },
          {
            target: 'rolledBack',
            actions: [
              { type: 'recordVoided', params: ({ event }) => event },
              { type: 'emitRolledBack', params: { certain: true } },
              { type: 'emitLost', params: ({ event }) => event },
            ],
          },
        ],
        'void.failed': { target: 'poisoned', actions: { type: 'emitRolledBack', params: { certain: false } } },
      },
    },
    poisoned: {
      on: {
        'commit.requested': {
          target: 'unpoisoning',
          actions: [{ type: 'recordRequested', params: ({ event }) => event }, 'wantVoid'],
        },
        'barrier.requested': { target: 'unpoisoning', actions: ['recordEmpty', 'wantVoid'] },
        'void.retry.requested': { target: 'unpoisoning', actions: ['recordEmpty', 'wantVoid'] },
      },
    },
    unpoisoning: {
      on: {
        'void.recorded': [
          {
            guard: { type: 'isEmptyAndLossless', params: ({ event }) => event },
            target: 'committed',
            actions: [{ type: 'recordVoided', params: ({ event }) => event }, 'emitCommitted'],
          },
          {
            guard: { type: 'isLossless', params: ({ event }) => event },
            target: 'writing',
            actions: [{ type: 'recordVoided', params: ({ event }) => event }, 'wantWrite'],
          },
          {
            target: 'rolledBack',
            actions: [
              { type: 'recordVoided', params: ({ event }) => event },
              { type: 'emitRolledBack', params: { certain: true } },
              { type: 'emitLost', params: ({ event }) => event },
            ],
          },
        ],
        'void.failed': { target: 'poisoned', actions: { type: 'emitRolledBack', params: { certain: true } } },
      },
    },
    fenced: { type: 'final', entry: 'emitFenced' },
  },
})

const boundsOf = ({ firstTxid, lastTxid }: CommitContext) => ({ firstTxid, lastTxid })
const positionsOf = ({ epoch, writtenTxid, durableTxid }: CommitContext) => ({ epoch, writtenTxid, durableTxid })
