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
 *   5. With onCorruption 'repair', damage that was found is never left without a repair.
 *   6. It ends in exactly one of recovery.finished and recovery.failed.
 */
import { assign, emit, setup } from 'xstate'
import type { ErrorCode } from '../errors.ts'
import { eventOf } from './event-of.ts'
import type * as Recovery from './recovery-types.ts'

export type * from './recovery-types.ts'

/** Codes that say that what lies on the medium is damaged; any other failure says nothing about it. */
const corruptionCodes: readonly ErrorCode[] = [
  'HEADER_CORRUPT',
  'TABLE_CORRUPT',
  'LOG_CORRUPT',
  'HOME_CORRUPT',
  'CHECKSUM_MISMATCH',
  'ALGORITHM_MISMATCH',
]

const want = (step: Recovery.RecoveryStep) => ({ type: 'want', params: { step } }) as const
const recordScan = { type: 'recordScan', params: eventOf } as const
const recordDamage = { type: 'recordDamage', params: eventOf } as const
const executing = { on: { 'execution.finished': { target: 'reconciling', actions: want('reconcile') } } } as const

export const recoveryMachine = setup({
  types: {
    context: {} as Recovery.RecoveryContext,
    events: {} as Recovery.RecoveryEvent,
    emitted: {} as Recovery.RecoveryEmitted,
    input: {} as Recovery.RecoveryInput,
  },
  guards: {
    isCorruption: (_, { code }: Recovery.StepFailed) => corruptionCodes.includes(code),
    isIntolerable: ({ context }, { isCorrupt }: { readonly isCorrupt: boolean }) =>
      isCorrupt && context.onCorruption === 'fail',
    needsVerify: ({ context }) => context.verify !== 'none',
    needsRepair: ({ context }, { damagedCount }: { readonly damagedCount: number }) =>
      context.onCorruption === 'repair' && (context.isCorrupt || damagedCount > 0),
    isRollback: (_, { isRollback }: { readonly isRollback: boolean }) => isRollback,
  },
  actions: {
    recordEpoch: assign((_, { epoch }: { readonly epoch: number }) => ({ epoch })),
    recordScan: assign((_, { records, tornBytes, isCorrupt }: Recovery.ScanFinished) => ({
      records,
      tornBytes,
      isCorrupt,
    })),
    recordDamage: assign((_, { damagedCount }: { readonly damagedCount: number }) => ({ damagedCount })),
    recordUnrepaired: assign((_, { unrepairedCount }: { readonly unrepairedCount: number }) => ({ unrepairedCount })),
    want: emit((_, { step }: { readonly step: Recovery.RecoveryStep }) => ({ type: `${step}.wanted` as const })),
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
    verify: input.verify,
    onCorruption: input.onCorruption,
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
        guard: { type: 'isCorruption', params: eventOf },
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
      on: { 'recovery.requested': { target: 'fencing', actions: want('epoch') } },
    },
    fencing: {
      on: {
        'epoch.raised': {
          target: 'scanning',
          actions: [{ type: 'recordEpoch', params: eventOf }, want('scan')],
        },
      },
    },
    scanning: {
      on: {
        'scan.finished': [
          {
            guard: { type: 'isIntolerable', params: eventOf },
            target: 'corrupt',
            actions: [recordScan, { type: 'emitFailed', params: { code: 'LOG_CORRUPT', isCorrupt: true } }],
          },
          {
            target: 'deciding',
            actions: [recordScan, want('plan')],
          },
        ],
      },
    },
    deciding: {
      on: {
        'plan.decided': [
          {
            guard: { type: 'isRollback', params: eventOf },
            target: 'rollingBack',
            actions: want('execution'),
          },
          { target: 'finalizing', actions: want('execution') },
        ],
      },
    },
    finalizing: executing,
    rollingBack: executing,
    reconciling: {
      on: {
        'reconcile.finished': [
          { guard: 'needsVerify', target: 'verifying', actions: want('verify') },
          {
            guard: { type: 'needsRepair', params: { damagedCount: 0 } },
            target: 'repairing',
            actions: want('repair'),
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
            actions: [recordDamage, { type: 'emitFailed', params: { code: 'CHECKSUM_MISMATCH', isCorrupt: true } }],
          },
          {
            guard: { type: 'needsRepair', params: eventOf },
            target: 'repairing',
            actions: [recordDamage, want('repair')],
          },
          { target: 'recovered', actions: recordDamage },
        ],
      },
    },
    repairing: {
      on: {
        'repair.finished': { target: 'recovered', actions: { type: 'recordUnrepaired', params: eventOf } },
      },
    },
    recovered: { type: 'final', entry: 'emitFinished' },
    corrupt: { type: 'final' },
    failed: { type: 'final' },
  },
})
