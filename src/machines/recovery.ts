/**
 * Recovery brings a store to one state that holds every durable commit. Only the lease's holder runs it, once in a reign.
 *
 *   idle ─recovery.requested→ fencing ─epoch.raised→ scanning ─scan.finished→ deciding ─plan.decided→ finalizing | rollingBack
 *   finalizing, rollingBack ─execution.finished→ reconciling ─reconcile.finished→ verifying (unless verify is 'none')
 *   verifying ─verify.finished→ recovered | repairing ─repair.finished→ recovered
 *   scanning, verifying ─damage, onCorruption 'fail'→ corrupt      any step ─step.failed→ corrupt | failed, by its code
 *
 * Invariants, checked at every transition by test/model/machines/recovery.test.ts:
 *   1. Nothing is scanned before the epoch is raised.
 *   2. Each step is wanted at most once, in order, after the step before it has finished.
 *   3. With onCorruption 'fail', recovered means that no damage was found.
 *   4. Nothing is repaired unless onCorruption is 'repair' and damage was found.
 *   5. It ends in exactly one of recovery.finished and recovery.failed.
 */
import { assign, emit, setup } from 'xstate'
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

/** Codes that say that what lies on the medium is damaged; any other failure says nothing about it. */
const corruptionCodes: readonly ErrorCode[] = [
  'HEADER_CORRUPT',
  'TABLE_CORRUPT',
  'LOG_CORRUPT',
  'HOME_CORRUPT',
  'CHECKSUM_MISMATCH',
  'ALGORITHM_MISMATCH',
]

export const recoveryMachine = setup({
  types: {
    context: {} as RecoveryContext,
    events: {} as RecoveryEvent,
    emitted: {} as RecoveryEmitted,
    input: {} as RecoveryInput,
  },
  guards: {
    isCorruption: (_, { code }: StepFailed) => corruptionCodes.includes(code),
    isIntolerable: ({ context }, { isCorrupt }: { readonly isCorrupt: boolean }) =>
      isCorrupt && context.onCorruption === 'fail',
    needsVerify: ({ context }) => context.verify !== 'none',
    needsRepair: ({ context }, { damagedCount }: { readonly damagedCount: number }) =>
      context.onCorruption === 'repair' && (context.isCorrupt || damagedCount > 0),
    isRollback: (_, { isRollback }: { readonly isRollback: boolean }) => isRollback,
  },
  actions: {
    recordEpoch: assign((_, { epoch }: { readonly epoch: number }) => ({ epoch })),
    recordScan: assign((_, { records, tornBytes, isCorrupt }: ScanFinished) => ({ records, tornBytes, isCorrupt })),
    recordDamage: assign((_, { damagedCount }: { readonly damagedCount: number }) => ({ damagedCount })),
    recordUnrepaired: assign((_, { unrepairedCount }: { readonly unrepairedCount: number }) => ({ unrepairedCount })),
    want: emit((_, { step }: { readonly step: RecoveryStep }) => ({ type: `${step}.wanted` as const })),
    emitFinished: emit(({ context }) => ({
      type: 'recovery.finished',
      epoch: context.epoch,
      records: context.records,
      tornBytes: context.tornBytes,
      isCorrupt: context.isCorrupt,
      damagedCount: context.damagedCount,
      unrepairedCount: context.unrepairedCount,
    })),
    emitFailed: emit((_, failed: { readonly code: ErrorCode; readonly isCorrupt: boolean }) => ({
      type: 'recovery.failed',
      ...failed,
    })),
  },
}).createMachine({
  id: 'recovery',
  context: ({ input }) => ({
    ...input,
    epoch: 0,
    records: 0,
    tornBytes: 0,
    isCorrupt: false,
    damagedCount: 0,
    unrepairedCount: 0,
  }),
  initial: 'idle',
  on: {
    'step.failed': [
      {
        guard: { type: 'isCorruption', params: ({ event }) => event },
        target: '.corrupt',
        actions: { type: 'emitFailed', params: ({ event }) => ({ code: event.code, isCorrupt: true }) },
      },
      {
        target: '.failed',
        actions: { type: 'emitFailed', params: ({ event }) => ({ code: event.code, isCorrupt: false }) },
      },
    ],
  },
  states: {
    idle: {
      on: { 'recovery.requested': { target: 'fencing', actions: { type: 'want', params: { step: 'epoch' } } } },
    },
    fencing: {
      on: {
        'epoch.raised': {
          target: 'scanning',
          actions: [
            { type: 'recordEpoch', params: ({ event }) => event },
            { type: 'want', params: { step: 'scan' } },
          ],
        },
      },
    },
    scanning: {
      on: {
        'scan.finished': [
          {
            guard: { type: 'isIntolerable', params: ({ event }) => event },
            target: 'corrupt',
            actions: [
              { type: 'recordScan', params: ({ event }) => event },
              { type: 'emitFailed', params: { code: 'LOG_CORRUPT', isCorrupt: true } },
            ],
          },
          {
            target: 'deciding',
            actions: [
              { type: 'recordScan', params: ({ event }) => event },
              { type: 'want', params: { step: 'plan' } },
            ],
          },
        ],
      },
    },
    deciding: {
      on: {
        'plan.decided': [
          {
            guard: { type: 'isRollback', params: ({ event }) => event },
            target: 'rollingBack',
            actions: { type: 'want', params: { step: 'execution' } },
          },
          { target: 'finalizing', actions: { type: 'want', params: { step: 'execution' } } },
        ],
      },
    },
    finalizing: {
      on: { 'execution.finished': { target: 'reconciling', actions: { type: 'want', params: { step: 'reconcile' } } } },
    },
    rollingBack: {
      on: { 'execution.finished': { target: 'reconciling', actions: { type: 'want', params: { step: 'reconcile' } } } },
    },
    reconciling: {
      on: {
        'reconcile.finished': [
          { guard: 'needsVerify', target: 'verifying', actions: { type: 'want', params: { step: 'verify' } } },
          {
            guard: { type: 'needsRepair', params: { damagedCount: 0 } },
            target: 'repairing',
            actions: { type: 'want', params: { step: 'repair' } },
          },
          { target: 'recovered' },
        ],
      },
    },
    verifying: {
      on: {
        'verify.finished': [
          {
            guard: { type: 'isIntolerable', params: ({ event }) => ({ isCorrupt: event.damagedCount > 0 }) },
            target: 'corrupt',
            actions: [
              { type: 'recordDamage', params: ({ event }) => event },
              { type: 'emitFailed', params: { code: 'CHECKSUM_MISMATCH', isCorrupt: true } },
            ],
          },
          {
            guard: { type: 'needsRepair', params: ({ event }) => event },
            target: 'repairing',
            actions: [
              { type: 'recordDamage', params: ({ event }) => event },
              { type: 'want', params: { step: 'repair' } },
            ],
          },
          { target: 'recovered', actions: { type: 'recordDamage', params: ({ event }) => event } },
        ],
      },
    },
    repairing: {
      on: {
        'repair.finished': { target: 'recovered', actions: { type: 'recordUnrepaired', params: ({ event }) => event } },
      },
    },
    recovered: { type: 'final', entry: 'emitFinished' },
    corrupt: { type: 'final' },
    failed: { type: 'final' },
  },
})
