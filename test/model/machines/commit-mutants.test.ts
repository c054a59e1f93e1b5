/** Tests of the tests: each mutant breaks one defence of the shipped commit machine, and the rule that it names must catch it. */
import { assign } from 'xstate'
import { describe } from 'vitest'
import { commitMachine } from '../../../src/machines/commit.ts'
import { commitInvariants, walkCommit } from './commit-world.ts'
import { candidate, describeMutants, never, type Mutant } from './mutants.ts'
import { rewired, stateOf } from './mutate.ts'

const mutants: readonly Mutant<typeof commitMachine>[] = [
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

describe('commit mutants', () => describeMutants(mutants, { walk: walkCommit, rules: commitInvariants }))
