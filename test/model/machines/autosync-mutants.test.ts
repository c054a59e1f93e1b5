/** Tests of the tests: each mutant breaks one defence of the shipped autosync machine, and the rule that it names must catch it. */
import { enqueueActions } from 'xstate'
import { describe } from 'vitest'
import { autosyncMachine } from '../../../src/machines/autosync.ts'
import { autosyncInvariants } from './autosync-invariants.ts'
import { policies, walkAutosync } from './autosync-world.ts'
import { always, candidate, describeMutants, never, type Mutant } from './mutants.ts'
import { rewired, stateOf } from './mutate.ts'

const mutants: readonly Mutant<typeof autosyncMachine>[] = [
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

describe('autosync mutants', () =>
  describeMutants(mutants, {
    walk: (machine, bounds) => walkAutosync(machine, { ...bounds, tried: policies.slice(0, 1) }),
    rules: autosyncInvariants,
  }))
