/** Tests of the tests: each mutant breaks one defence of the shipped leader machine, and the rule that it names must catch it. */
import { assign, emit } from 'xstate'
import { describe } from 'vitest'
import { leaderMachine } from '../../../src/machines/leader.ts'
import { leaderInvariants } from './leader-invariants.ts'
import { walkLeader } from './leader-world.ts'
import { candidate, describeMutants, never, type Mutant } from './mutants.ts'
import { rewired, stateOf } from './mutate.ts'

const patience =
  'A leader is robbed only after missedMax silent beats in a row while somebody waited, and once for each silence. If that was refused, as many more silent beats are waited for, and it is tried again'

const mutants: readonly Mutant<typeof leaderMachine>[] = [
  {
    name: 'a reign is wanted without the lock',
    machine: rewired(leaderMachine, (root) => {
      stateOf(root, 'idle').on['open.requested'] = { target: 'acquiring', actions: ['wantLock', 'wantReign'] }
    }),
    caughtBy: 'A reign is wanted only with the lock held, and at most one is underway',
  },
  {
    name: 'a second reign is wanted before the first has ended',
    machine: rewired(leaderMachine, (root) => {
      stateOf(root, 'acquiring').on['lease.lost'] = { target: 'acquiring', actions: 'wantReign', reenter: true }
    }),
    caughtBy: 'A reign is wanted only with the lock held, and at most one is underway',
  },
  {
    name: 'leads as soon as it has the lock',
    machine: rewired(leaderMachine, (root) => {
      stateOf(root, 'seeking').on['lock.acquired'] = { target: 'leading', actions: ['unwantLeader', 'wantReign'] }
    }),
    caughtBy: 'Leading begins only after a reign has begun, at an epoch above every one that was known here',
  },
  {
    name: 'believes the epoch of whoever answers',
    machine: leaderMachine.provide({ guards: { isOlder: never } }).provide({
      actions: { recordJoined: assign((_, { epoch }) => ({ epoch, missedCount: 0, isStealAsked: false })) },
    }),
    caughtBy: 'The epoch never falls, and an older leader than was known is not followed',
  },
  {
    name: 'robs at the first beat that is missed',
    machine: leaderMachine.provide({
      guards: { isPatienceOver: ({ context }) => context.isWaiting && !context.isStealAsked },
    }),
    caughtBy: patience,
  },
  {
    name: 'robs while nobody waits',
    machine: leaderMachine.provide({
      guards: {
        isPatienceOver: ({ context }) => !context.isStealAsked && context.missedCount + 1 >= context.missedMax,
      },
    }),
    caughtBy: patience,
  },
  {
    name: 'robs again and again',
    machine: leaderMachine.provide({ actions: { recordStealAsked: assign({ cause: 'silent' }) } }),
    caughtBy: patience,
  },
  {
    name: 'what was refused once is never tried again',
    machine: leaderMachine.provide({ actions: { recordRefusal: assign({ cause: 'gone' }) } }),
    isWhole: true,
    caughtBy: patience,
  },
  {
    name: 'what was refused is tried again at the next beat',
    machine: leaderMachine.provide({ actions: { recordRefusal: assign({ isStealAsked: false, cause: 'gone' }) } }),
    caughtBy: patience,
  },
  {
    name: 'a beat that is heard does not count',
    machine: leaderMachine.provide({ actions: { recordHeard: assign({}) } }),
    caughtBy: patience,
  },
  {
    name: 'follows its leader on while it reigns',
    machine: leaderMachine.provide({ actions: { unwantLeader: emit({ type: 'leader.wanted' }) } }),
    caughtBy:
      'While a reign is underway nobody else is followed: the connection is given up before the reign is wanted',
  },
  {
    name: 'gives the connection up after the reign is wanted',
    machine: rewired(leaderMachine, (root) => {
      stateOf(root, 'following').on['lock.acquired'] = { target: 'acquiring', actions: ['wantReign', 'unwantLeader'] }
    }),
    caughtBy:
      'While a reign is underway nobody else is followed: the connection is given up before the reign is wanted',
  },
  {
    name: 'fenced, it leads again without a reign',
    machine: rewired(leaderMachine, (root) => {
      candidate(stateOf(root, 'fenced').on['reign.ended'], 1)['target'] = 'leading'
    }),
    caughtBy:
      'A lease that was lost leads back to seeking, or to an end that was asked for; never back to leading without a new reign',
  },
  {
    name: 'a lease that is lost is ignored',
    machine: rewired(leaderMachine, (root) => {
      delete stateOf(root, 'leading').on['lease.lost']
    }),
    caughtBy:
      'A lease that was lost leads back to seeking, or to an end that was asked for; never back to leading without a new reign',
  },
  {
    name: 'closed while the lock is still wanted',
    machine: rewired(leaderMachine, (root) => {
      stateOf(root, 'seeking').on['close.requested'] = { target: 'closed', actions: 'unwantLeader' }
    }),
    caughtBy: 'closed and failed want nothing, hold no lock and follow nobody',
  },
  {
    name: 'fails without letting go',
    machine: rewired(leaderMachine, (root) => {
      stateOf(root, 'acquiring').on['reign.failed'] = { target: 'failed' }
    }),
    caughtBy: 'closed and failed want nothing, hold no lock and follow nobody',
  },
  {
    name: 'closing is forgotten',
    machine: leaderMachine.provide({ guards: { isClosing: never } }),
    isWhole: true,
    caughtBy:
      'A lease that was lost leads back to seeking, or to an end that was asked for; never back to leading without a new reign',
  },
  {
    name: 'leaving never ends',
    machine: rewired(leaderMachine, (root) => {
      stateOf(root, 'leaving').on = {}
    }),
    isWhole: true,
    caughtBy: 'close.requested leads to closed or failed',
  },
  {
    name: 'the lock is not asked for again after a lease was lost',
    machine: rewired(leaderMachine, (root) => {
      candidate(stateOf(root, 'fenced').on['reign.ended'], 1)['actions'] = ['wantLeader']
    }),
    isWhole: true,
    caughtBy: 'Once faults stop and the lock is free, an open member leads or follows',
  },
  {
    name: 'nobody is sought after the leader is lost',
    machine: rewired(leaderMachine, (root) => {
      stateOf(root, 'following').on['leader.lost'] = { target: 'seeking' }
    }),
    isWhole: true,
    caughtBy: 'Once faults stop and the lock is free, an open member leads or follows',
  },
]

describe('leader mutants', () => describeMutants(mutants, { walk: walkLeader, rules: leaderInvariants }))
