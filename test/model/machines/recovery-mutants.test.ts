/** Tests of the tests: each mutant breaks one defence of the shipped recovery machine, and the rule that it names must catch it. */
import { describe } from 'vitest'
import { recoveryMachine } from '../../../src/machines/recovery.ts'
import { recoveryInvariants, walkRecovery } from './recovery-world.ts'
import { always, describeMutants, never, type Mutant } from './mutants.ts'
import { rewired, stateOf } from './mutate.ts'

const mutants: readonly Mutant<typeof recoveryMachine>[] = [
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

describe('recovery mutants', () => describeMutants(mutants, { walk: walkRecovery, rules: recoveryInvariants }))
