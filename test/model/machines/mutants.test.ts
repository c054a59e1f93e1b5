/** Tests of the tests: each mutant breaks one defence of a shipped machine, and the rule that it names must catch it. */
import assert from 'node:assert/strict'
import { assign, emit, enqueueActions } from 'xstate'
import { describe, test } from 'vitest'
import { autosyncMachine } from '../../../src/machines/autosync.ts'
import { commitMachine } from '../../../src/machines/commit.ts'
import { databaseMachine } from '../../../src/machines/database.ts'
import { recoveryMachine } from '../../../src/machines/recovery.ts'
import type { Bounds, Walk } from '../explore.ts'
import { autosyncInvariants } from './autosync-invariants.ts'
import { policies, walkAutosync } from './autosync-world.ts'
import { commitInvariants, walkCommit } from './commit-world.ts'
import { databaseInvariants, walkDatabase } from './database-world.ts'
import type { Invariants } from './invariants.ts'
import { rewired, stateOf } from './mutate.ts'
import { recoveryInvariants, walkRecovery } from './recovery-world.ts'

interface Mutant<M> {
  readonly name: string
  readonly machine: M
  readonly caughtBy: string
  /** How far the fault is; 1500 states by default. */
  readonly statesMax?: number
}

/** A mutant's walk may have no end, but its fault is near. Cut short it says nothing about liveness: only "always" rules are named. */
const near = (statesMax = 1500) => ({ statesMax, isCut: true })
const never = () => false
const always = () => true

const autosyncMutants: readonly Mutant<typeof autosyncMachine>[] = [
  {
    name: 'debounce resets for ever: the wake forgets maxWaitMs',
    machine: autosyncMachine.provide({
      guards: { isDue: ({ context }, { atMs }) => context.newestAtMs + context.policy.debounceMs <= atMs },
      actions: {
        wantWake: enqueueActions(({ context, enqueue }) => {
          const atMs = context.newestAtMs + Math.max(context.policy.debounceMs, 500)
          enqueue.assign({ wakeAtMs: atMs })
          enqueue.emit({ type: 'wake.wanted', atMs })
        }),
      },
    }),
    caughtBy:
      'In `debouncing` the wake is no later than maxWaitMs after the oldest transaction that is not durable was sealed',
  },
  {
    name: 'no wake is asked for',
    machine: autosyncMachine.provide({ actions: { wantWake: () => undefined } }),
    caughtBy: 'In `debouncing` and `backingOff` a wake is wanted',
  },
  {
    name: 'drain drops the last group: it ends with the flush in flight',
    machine: rewired(autosyncMachine, (root) => {
      const { on } = stateOf(stateOf(root, 'draining'), 'flushing')
      on['flush.succeeded'] = { ...candidate(on['flush.succeeded'], 1), guard: undefined }
    }),
    caughtBy:
      'Drained without giving up means that nothing is behind; giving up takes drainFailuresMax failures in a row',
  },
  {
    name: 'drain never gives up',
    machine: autosyncMachine.provide({ guards: { isLastFailure: never } }),
    statesMax: 5000,
    caughtBy:
      'Drained without giving up means that nothing is behind; giving up takes drainFailuresMax failures in a row',
  },
  {
    name: 'a strict write during a flush starts another one',
    machine: rewired(autosyncMachine, (root) => {
      stateOf(root, 'flushing').on['transactions.sealed'] = candidate(
        stateOf(root, 'idle').on['transactions.sealed'],
        1,
      )
    }),
    caughtBy: 'At most one flush is in flight',
  },
  {
    name: 'written counts as durable when a flush ends',
    machine: autosyncMachine.provide({ guards: { isCaughtUp: ({ context }) => context.dirtyBlocks <= 1 } }),
    caughtBy: 'In `idle`, nothing is behind: durableTxid = sealedTxid',
  },
  {
    name: 'urgency is ignored when a flush ends',
    machine: rewired(autosyncMachine, (root) => {
      const { on } = stateOf(root, 'flushing')
      on['flush.succeeded'] = (on['flush.succeeded'] as readonly unknown[]).filter((_, i) => i !== 3)
    }),
    caughtBy: 'While somebody waits, a flush is in flight or a refused one is to be retried',
  },
  {
    name: 'a refused flush is retried whenever the machine is woken',
    machine: autosyncMachine.provide({ guards: { isRetryDue: always } }),
    caughtBy: 'A flush that was refused is not asked for again before its backoff, except by a drain',
  },
  {
    name: 'backpressure without hysteresis',
    machine: autosyncMachine.provide({
      guards: { isEdge: ({ context }, { dirtyBytes }) => dirtyBytes >= context.highBytes !== context.isHigh },
    }),
    caughtBy: 'Backpressure is reported at its edges only: high at highBytes, normal below normalBytes',
  },
]

const commitMutants: readonly Mutant<typeof commitMachine>[] = [
  {
    name: 'acknowledged before the barrier',
    machine: commitMachine.provide({ guards: { needsBarrier: never } }),
    caughtBy:
      'A group that needs a barrier is committed only after its record, its barrier, its readback if asked for, and its epoch',
  },
  {
    name: 'the epoch is not confirmed',
    machine: rewired(commitMachine, (root) => {
      const confirmed = stateOf(root, 'confirming').on['epoch.confirmed']
      stateOf(root, 'syncing').on['barrier.passed'] = confirmed
    }),
    caughtBy:
      'A group that needs a barrier is committed only after its record, its barrier, its readback if asked for, and its epoch',
  },
  {
    name: 'what was written is not read back',
    machine: commitMachine.provide({ guards: { needsReadback: never } }),
    caughtBy:
      'A group that needs a barrier is committed only after its record, its barrier, its readback if asked for, and its epoch',
  },
  {
    name: 'a failed barrier is tried again in hope',
    machine: rewired(commitMachine, (root) => {
      stateOf(root, 'syncing').on['outcome.unknown'] = { target: 'syncing', actions: 'wantBarrier' }
    }),
    caughtBy: 'A barrier that failed is never asked for again for the same group',
  },
  {
    name: 'poisoned, it writes without a void',
    machine: rewired(commitMachine, (root) => {
      stateOf(root, 'poisoned').on['commit.requested'] = stateOf(root, 'idle').on['commit.requested']
    }),
    caughtBy: 'Nothing is written while a void is owed',
  },
  {
    name: 'rejected and written once more',
    machine: rewired(commitMachine, (root) => {
      const { on } = stateOf(root, 'voiding')
      const rolledBack = candidate(on['void.recorded'], 1)
      on['void.recorded'] = {
        ...rolledBack,
        target: 'writing',
        actions: [...(rolledBack['actions'] as unknown[]), 'wantWrite'],
      }
    }),
    caughtBy: 'A group ends at most once: committed, refused, rolled back or fenced',
  },
  {
    name: 'a void takes back what was written and tells nobody of the new epoch',
    machine: commitMachine.provide({
      actions: {
        recordVoided: assign((_, { lostFrom }) => (lostFrom === undefined ? {} : { writtenTxid: lostFrom - 1 })),
      },
    }),
    caughtBy: 'durableTxid ≤ writtenTxid; neither falls within an epoch',
  },
  {
    name: 'a higher epoch does not stop it',
    machine: rewired(commitMachine, (root) => {
      root.on = {}
    }),
    caughtBy: 'Once fenced, nothing is wanted and nothing is committed',
  },
]

const recoveryMutants: readonly Mutant<typeof recoveryMachine>[] = [
  {
    name: 'the log is scanned before the epoch is raised',
    machine: rewired(recoveryMachine, (root) => {
      const scan = { target: 'scanning', actions: { type: 'want', params: { step: 'scan' } } }
      stateOf(root, 'idle').on['recovery.requested'] = scan
    }),
    caughtBy: 'Nothing is scanned before the epoch is raised',
  },
  {
    name: 'damage is tolerated',
    machine: recoveryMachine.provide({ guards: { isIntolerable: never } }),
    caughtBy: "With onCorruption 'fail', recovered means that no damage was found",
  },
  {
    name: 'repairs without being asked',
    machine: recoveryMachine.provide({ guards: { needsRepair: always } }),
    caughtBy: "Nothing is repaired unless onCorruption is 'repair' and damage was found",
  },
  {
    name: 'a failed step is asked for again',
    machine: rewired(recoveryMachine, (root) => {
      stateOf(root, 'scanning').on['step.failed'] = { actions: { type: 'want', params: { step: 'scan' } } }
    }),
    caughtBy: 'Each step is wanted at most once, in order, after the step before it has finished',
  },
]

const databaseMutants: readonly Mutant<typeof databaseMachine>[] = [
  {
    name: 'leads as soon as it has the lock',
    machine: rewired(databaseMachine, (root) => {
      stateOf(root, 'candidate').on['lock.acquired'] = { target: 'leading' }
    }),
    caughtBy: 'Leading begins only with the lock held and recovery finished',
  },
  {
    name: 'fails without letting go',
    machine: rewired(databaseMachine, (root) => {
      stateOf(root, 'recovering').on['recovery.failed'] = { target: 'failed' }
    }),
    caughtBy: 'What was acquired is released: closed and failed hold no lock',
  },
  {
    name: 'a store that could not be flushed is closed as clean',
    machine: databaseMachine.provide({ actions: { wantRelease: emit({ type: 'release.wanted', isClean: true }) } }),
    caughtBy: 'A clean release is wanted only after a drain that was not given up',
  },
]

function candidate(list: unknown, at: number): Record<string, unknown> {
  const found = (list as readonly Record<string, unknown>[])[at]
  if (found === undefined) throw new Error(`there is no candidate ${at} to change`)
  return found
}

function describeMutants<M, S>(
  mutants: readonly Mutant<M>[],
  { walk, rules }: { walk: (machine: M, bounds: Bounds) => Walk<S>; rules: Invariants<S> },
): void {
  const ruleOf = (name: string) => {
    const rule = rules[name]
    assert.ok(rule !== undefined, `there is no rule "${name}"`)
    return rule
  }
  test.each(mutants)('$name', { timeout: 120_000 }, ({ machine, caughtBy, statesMax }) => {
    const walked = walk(machine, near(statesMax))
    assert.throws(() => ruleOf(caughtBy)(walked), /after \d+ events/)
  })
}

describe('autosync mutants', () =>
  describeMutants(autosyncMutants, {
    walk: (machine, bounds) => walkAutosync(machine, { ...bounds, tried: policies.slice(0, 1) }),
    rules: autosyncInvariants,
  }))

describe('commit mutants', () =>
  describeMutants(commitMutants, {
    walk: walkCommit,
    rules: commitInvariants,
  }))

describe('recovery mutants', () =>
  describeMutants(recoveryMutants, {
    walk: walkRecovery,
    rules: recoveryInvariants,
  }))

describe('database mutants', () =>
  describeMutants(databaseMutants, {
    walk: walkDatabase,
    rules: databaseInvariants,
  }))
