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
 *   While unpoisoning, what is requested waits for the void: it joins the empty group.
 *   committed and rolledBack are left like idle. barrier.requested makes durable what was written without one: an empty group,
 *   which a recorded void completes as well, because what it keeps is durable.
 *
 * Invariants, checked at every transition by test/model/machines/commit.test.ts:
 *   1. A group that needs a barrier is committed only after its record, its barrier, its readback if asked for, and its epoch.
 *   2. durableTxid ≤ writtenTxid; neither falls within an epoch.
 *   3. A barrier that failed is never asked for again for the same group.
 *   4. A group ends at most once: committed, refused, rolled back or fenced.
 *   5. Every group ends, once the medium works.
 *   6. Nothing is written while a void is owed.
 *   7. At most one want is unanswered.
 *   8. Once fenced, nothing is wanted and nothing is committed.
 */
import { assign, emit, enqueueActions, setup } from 'xstate'
import { assert } from '../assert.ts'
import type * as Commit from './commit-types.ts'
import {
  accepting,
  doubt,
  emitRolledBack,
  emptyIsKept,
  recordRequested,
  recordVoided,
  rolledBack,
  unpoison,
} from './commit-wiring.ts'
import { eventOf } from './event-of.ts'

export type * from './commit-types.ts'

export const commitMachine = setup({
  types: {
    context: {} as Commit.CommitContext,
    events: {} as Commit.CommitEvent,
    emitted: {} as Commit.CommitEmitted,
    input: {} as Commit.CommitInput,
  },
  guards: {
    needsBarrier: ({ context }) => context.needsBarrier,
    needsReadback: ({ context }) => context.verifyAfterWrite,
    isLossless: (_, voided: Commit.VoidRecorded) => voided.lostFrom === undefined,
    isEmpty: ({ context }) => context.lastTxid < context.firstTxid,
    isEmptyAndLossless: ({ context }, voided: Commit.VoidRecorded) =>
      context.lastTxid < context.firstTxid && voided.lostFrom === undefined,
  },
  actions: {
    recordRequested: assign(({ context }, requested: Commit.CommitRequested) => {
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
    recordVoided: assign(({ context }, voided: Commit.VoidRecorded) => {
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
    emitCommitted: emit(({ context }) => ({
      type: 'commit.committed',
      firstTxid: context.firstTxid,
      lastTxid: context.lastTxid,
      epoch: context.epoch,
      writtenTxid: context.writtenTxid,
      durableTxid: context.durableTxid,
    })),
    emitRefused: emit(({ context }) => ({
      type: 'commit.refused',
      firstTxid: context.firstTxid,
      lastTxid: context.lastTxid,
    })),
    emitRolledBack: emit(({ context }, { certain }: { readonly certain: boolean }) => ({
      type: 'commit.rolledBack',
      certain,
      firstTxid: context.firstTxid,
      lastTxid: context.lastTxid,
      epoch: context.epoch,
      writtenTxid: context.writtenTxid,
      durableTxid: context.durableTxid,
    })),
    emitLost: enqueueActions(({ context, enqueue }, { lostFrom, lostTo }: Commit.VoidRecorded) => {
      if (lostFrom === undefined || lostTo === undefined) return
      enqueue.emit({ type: 'commits.lost', epoch: context.epoch, from: lostFrom, to: lostTo })
    }),
    emitFenced: emit(({ context }) => ({
      type: 'commit.fenced',
      firstTxid: context.firstTxid,
      lastTxid: context.lastTxid,
    })),
  },
}).createMachine({
  id: 'commit',
  context: ({ input }) => ({
    epoch: input.epoch,
    writtenTxid: input.writtenTxid,
    durableTxid: input.durableTxid,
    firstTxid: input.writtenTxid + 1,
    lastTxid: input.writtenTxid,
    needsBarrier: false,
    verifyAfterWrite: false,
  }),
  initial: 'idle',
  on: { 'epoch.superseded': '.fenced' },
  states: {
    idle: accepting,
    writing: {
      on: {
        'record.written': [
          { guard: 'needsBarrier', target: 'syncing', actions: 'wantBarrier' },
          { guard: 'needsReadback', target: 'readingBack', actions: 'wantReadback' },
          { target: 'confirming', actions: 'wantConfirmation' },
        ],
        'record.refused': { target: 'idle', actions: 'emitRefused' },
        'outcome.unknown': doubt,
      },
    },
    syncing: {
      on: {
        'barrier.passed': [
          { guard: 'needsReadback', target: 'readingBack', actions: 'wantReadback' },
          { target: 'confirming', actions: 'wantConfirmation' },
        ],
        'outcome.unknown': doubt,
      },
    },
    readingBack: {
      on: {
        'readback.matched': { target: 'confirming', actions: 'wantConfirmation' },
        'readback.mismatched': doubt,
        'outcome.unknown': doubt,
      },
    },
    confirming: {
      on: {
        'epoch.confirmed': { target: 'committed', actions: ['recordCommitted', 'emitCommitted'] },
        'outcome.unknown': doubt,
      },
    },
    committed: accepting,
    rolledBack: accepting,
    voiding: {
      on: {
        'void.recorded': [emptyIsKept, rolledBack],
        'void.failed': { target: 'poisoned', actions: emitRolledBack(false) },
      },
    },
    poisoned: {
      on: {
        'commit.requested': { target: 'unpoisoning', actions: [recordRequested, 'wantVoid'] },
        'barrier.requested': unpoison,
        'void.retry.requested': unpoison,
      },
    },
    unpoisoning: {
      on: {
        'commit.requested': { guard: 'isEmpty', actions: recordRequested },
        'void.recorded': [
          emptyIsKept,
          {
            guard: { type: 'isLossless', params: eventOf },
            target: 'writing',
            actions: [recordVoided, 'wantWrite'],
          },
          rolledBack,
        ],
        'void.failed': { target: 'poisoned', actions: emitRolledBack(true) },
      },
    },
    fenced: { type: 'final', entry: 'emitFenced' },
  },
})
