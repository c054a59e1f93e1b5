/** Tests of the tests: each mutant breaks one defence of the shipped database machine, and the rule that it names must catch it. */
import { emit } from 'xstate'
import { describe } from 'vitest'
import { databaseMachine } from '../../../src/machines/database.ts'
import { databaseInvariants, walkDatabase } from './database-world.ts'
import { describeMutants, type Mutant } from './mutants.ts'
import { rewired, stateOf } from './mutate.ts'

const mutants: readonly Mutant<typeof databaseMachine>[] = [
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

describe('database mutants', () => describeMutants(mutants, { walk: walkDatabase, rules: databaseInvariants }))
