/**
 * The life of one open database.
 *
 *   opening ─open.requested→ candidate ─lock.acquired→ recovering ─recovery.finished→ leading
 *   leading ─close.requested→ draining ─drained→ releasing ─released→ closed
 *   candidate ─lock.refused→ failed: nothing is held
 *   recovering ─recovery.failed→ failing      recovering, leading, draining, releasing ─lease.lost | actor.failed→ failing
 *   failing ─released→ failed: everything is let go, nothing more is written
 *   close.requested while a lock or a recovery is underway is remembered and honoured at its end.
 *
 * Invariants, checked at every transition by test/model/machines/database.test.ts:
 *   1. Leading begins only with the lock held and recovery finished.
 *   2. Recovery is wanted only after the lock was acquired, and once.
 *   3. What was acquired is released: closed and failed hold no lock.
 *   4. A clean release is wanted only after a drain that was not given up.
 *   5. After a failure nothing but an unclean release is wanted.
 *   6. The status is told at each change of state, once.
 *   7. close.requested leads to closed or failed, and so does every failure.
 */
import { assign, emit, setup } from 'xstate'
import type { ErrorCode } from '../errors.ts'

export type DatabaseStatus =
  'opening' | 'candidate' | 'recovering' | 'leading' | 'draining' | 'releasing' | 'closed' | 'failing' | 'failed'

interface Failure {
  readonly code: ErrorCode
}

export type DatabaseEvent =
  | { readonly type: 'open.requested' | 'lock.acquired' | 'recovery.finished' | 'close.requested' }
  /** The wait for the lock is bounded by whoever asks for it: refused when the bound has passed. */
  | ({ readonly type: 'lock.refused' } & Failure)
  | ({ readonly type: 'recovery.failed' } & Failure)
  | { readonly type: 'drained'; readonly isGivenUp: boolean }
  /** The store and the lock are let go; after a release with an error too. */
  | { readonly type: 'released' }
  /** The clean release failed; what can be let go without writing is still to be let go. */
  | ({ readonly type: 'release.failed' } & Failure)
  | { readonly type: 'lease.lost' }
  /** Another actor ended in an error. */
  | ({ readonly type: 'actor.failed' } & Failure)

export type DatabaseEmitted =
  | { readonly type: 'lock.wanted' | 'recovery.wanted' | 'drain.wanted' }
  /** isClean: close the store as after a full checkpoint. Otherwise abandon it: write nothing. */
  | { readonly type: 'release.wanted'; readonly isClean: boolean }
  | { readonly type: 'status.changed'; readonly status: DatabaseStatus; readonly code: ErrorCode | null }

export interface DatabaseContext {
  readonly isClosing: boolean
  /** Why the database failed. */
  readonly code: ErrorCode | null
}

export const databaseMachine = setup({
  types: {
    context: {} as DatabaseContext,
    events: {} as DatabaseEvent,
    emitted: {} as DatabaseEmitted,
  },
  guards: {
    isClosing: ({ context }) => context.isClosing,
  },
  actions: {
    recordClosing: assign({ isClosing: true }),
    recordFailure: assign((_, { code }: Failure) => ({ code })),
    wantLock: emit({ type: 'lock.wanted' }),
    wantRecovery: emit({ type: 'recovery.wanted' }),
    wantDrain: emit({ type: 'drain.wanted' }),
    wantRelease: emit((_, { isClean }: { readonly isClean: boolean }) => ({ type: 'release.wanted', isClean })),
    emitStatus: emit(({ context }, { status }: { readonly status: DatabaseStatus }) => ({
      type: 'status.changed',
      status,
      code: context.code,
    })),
  },
}).createMachine({
  id: 'database',
  context: { isClosing: false, code: null },
  initial: 'opening',
  states: {
    opening: {
      on: {
        'open.requested': { target: 'candidate', actions: 'wantLock' },
        'close.requested': 'closed',
      },
    },
    candidate: {
      entry: { type: 'emitStatus', params: { status: 'candidate' } },
      on: {
        'close.requested': { actions: 'recordClosing' },
        'lock.acquired': [
          { guard: 'isClosing', target: 'releasing', actions: { type: 'wantRelease', params: { isClean: false } } },
          { target: 'recovering', actions: 'wantRecovery' },
        ],
        'lock.refused': [
          { guard: 'isClosing', target: 'closed' },
          { target: 'failed', actions: { type: 'recordFailure', params: ({ event }) => event } },
        ],
      },
    },
    recovering: {
      entry: { type: 'emitStatus', params: { status: 'recovering' } },
      on: {
        'close.requested': { actions: 'recordClosing' },
        'recovery.finished': [{ guard: 'isClosing', target: 'draining', actions: 'wantDrain' }, { target: 'leading' }],
        'recovery.failed': { target: 'failing', actions: { type: 'recordFailure', params: ({ event }) => event } },
        'lease.lost': { target: 'failing', actions: { type: 'recordFailure', params: { code: 'LEASE_LOST' } } },
        'actor.failed': { target: 'failing', actions: { type: 'recordFailure', params: ({ event }) => event } },
      },
    },
    leading: {
      entry: { type: 'emitStatus', params: { status: 'leading' } },
      on: {
        'close.requested': { target: 'draining', actions: 'wantDrain' },
        'lease.lost': { target: 'failing', actions: { type: 'recordFailure', params: { code: 'LEASE_LOST' } } },
        'actor.failed': { target: 'failing', actions: { type: 'recordFailure', params: ({ event }) => event } },
      },
    },
    draining: {
      entry: { type: 'emitStatus', params: { status: 'draining' } },
      on: {
        drained: {
          target: 'releasing',
          actions: { type: 'wantRelease', params: ({ event }) => ({ isClean: !event.isGivenUp }) },
        },
        'lease.lost': { target: 'failing', actions: { type: 'recordFailure', params: { code: 'LEASE_LOST' } } },
        'actor.failed': { target: 'failing', actions: { type: 'recordFailure', params: ({ event }) => event } },
      },
    },
    releasing: {
      entry: { type: 'emitStatus', params: { status: 'releasing' } },
      on: {
        released: 'closed',
        'release.failed': { target: 'failing', actions: { type: 'recordFailure', params: ({ event }) => event } },
        'lease.lost': { target: 'failing', actions: { type: 'recordFailure', params: { code: 'LEASE_LOST' } } },
        'actor.failed': { target: 'failing', actions: { type: 'recordFailure', params: ({ event }) => event } },
      },
    },
    failing: {
      entry: [
        { type: 'emitStatus', params: { status: 'failing' } },
        { type: 'wantRelease', params: { isClean: false } },
      ],
      on: { released: 'failed' },
    },
    closed: { type: 'final', entry: { type: 'emitStatus', params: { status: 'closed' } } },
    failed: { type: 'final', entry: { type: 'emitStatus', params: { status: 'failed' } } },
  },
})
