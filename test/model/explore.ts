/**
 * Bounded model checking of the shipped machines: walks every state that a system of machines and world can reach, breadth first,
 * running no effects. What the world may do next is a function of the state alone, so the walk is exhaustive within its bounds.
 * Keys are sound: two states share one only if status, value, context, history and children of every machine in them are equal.
 */
import { initialTransition, transition } from 'xstate'
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine, EmittedFrom, EventFrom, InputFrom } from 'xstate'
import { keyOf } from './key.ts'

export interface Move<S> {
  /** What happened, as it is printed in a counterexample. */
  readonly event: AnyEventObject
  readonly to: S
  /** What the machines emitted in this move. */
  readonly emitted: readonly AnyEventObject[]
  /** The world misbehaved: left out of liveness. */
  readonly isFault?: boolean
  /** The machine as it came out of the move, where `to` holds a canonical form of it. */
  readonly raw?: AnyMachineSnapshot
}

export interface Step<S> extends Move<S> {
  readonly from: S
}

export interface Walk<S> {
  readonly initial: S
  readonly stateCount: number
  readonly steps: readonly Step<S>[]
  /** Fails with the shortest path to a step that breaks the rule; a rule breaks by throwing. */
  always(rule: (step: Step<S>) => void): void
  /** Once faults stop, every state that `must` can reach one that is `there`; `by` other steps than those without a fault, if given. */
  leadsTo(
    must: (state: S) => boolean,
    there: (state: S) => boolean,
    how?: { readonly by: (step: Step<S>) => boolean },
  ): void
  /** The shortest path to a state, as events. */
  pathTo(state: S): readonly AnyEventObject[]
}

export interface Bounds {
  /** More is an error: the walk would not be exhaustive. */
  readonly statesMax?: number
  /** Not an error: what is looked for is near (mutants). */
  readonly isCut?: boolean
}

export function explore<S extends object>(
  initial: S,
  moves: (state: S) => Iterable<Move<S>>,
  { statesMax = 1_000_000, isCut = false }: Bounds = {},
): Walk<S> {
  const known = new Map<string, S>([[keyOf(initial), initial]])
  const reachedBy = new Map<S, Step<S>>()
  const steps: Step<S>[] = []
  const pathTo = (state: S): AnyEventObject[] => {
    const path: AnyEventObject[] = []
    for (let step = reachedBy.get(state); step !== undefined; step = reachedBy.get(step.from)) path.unshift(step.event)
    return path
  }
  const failAt = (path: readonly AnyEventObject[], cause: unknown): never => {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `${message}\nafter ${path.length} events:\n${path.map((e) => `  ${JSON.stringify(e)}`).join('\n')}`,
      { cause },
    )
  }

  for (const from of known.values()) {
    if (known.size > statesMax) break
    try {
      for (const move of moves(from)) {
        const key = keyOf(move.to)
        const to = known.get(key) ?? move.to
        const step = { ...move, from, to }
        steps.push(step)
        if (known.has(key)) continue
        known.set(key, to)
        reachedBy.set(to, step)
        if (known.size > statesMax && !isCut) throw new Error(`more than ${statesMax} states: bound the world`)
      }
    } catch (cause) {
      failAt(pathTo(from), cause)
    }
  }

  return {
    initial,
    stateCount: known.size,
    steps,
    pathTo,
    always(rule) {
      for (const step of steps) {
        try {
          rule(step)
        } catch (cause) {
          failAt([...pathTo(step.from), step.event], cause)
        }
      }
    },
    leadsTo(must, there, { by } = { by: ({ isFault }) => isFault !== true }) {
      const before = new Map<S, S[]>()
      for (const state of known.values()) before.set(state, [])
      for (const step of steps) if (by(step)) before.get(step.to)?.push(step.from)
      const good = new Set([...known.values()].filter(there))
      for (const state of good) for (const from of before.get(state) ?? []) good.add(from)
      for (const state of known.values()) {
        if (must(state) && !good.has(state)) failAt(pathTo(state), new Error('stuck: the goal is out of reach'))
      }
    },
  }
}

export interface Reaction<M extends AnyStateMachine> {
  readonly snapshot: AnyMachineSnapshot
  readonly emitted: readonly EmittedFrom<M>[]
}

/** A machine before its first event. */
export function start<M extends AnyStateMachine>(machine: M, input: InputFrom<M>): Reaction<M> {
  return reactionOf(...initialTransition<AnyStateMachine>(machine, input))
}

/** One event into a machine. An exception inside it names the event. */
export function send<M extends AnyStateMachine>(
  machine: M,
  snapshot: AnyMachineSnapshot,
  event: EventFrom<M>,
): Reaction<M> {
  try {
    return reactionOf(...transition<AnyStateMachine>(machine, snapshot, event))
  } catch (cause) {
    throw new Error(`${JSON.stringify(event)}: ${messageOf(cause)}`, { cause })
  }
}

/** XState's types of actions leave out emitted events. */
function reactionOf<M extends AnyStateMachine>(snapshot: AnyMachineSnapshot, actions: readonly object[]): Reaction<M> {
  const effects = actions as readonly { readonly type: string; readonly params: { readonly event: EmittedFrom<M> } }[]
  return { snapshot, emitted: effects.filter(({ type }) => type === 'xstate.emit').map(({ params }) => params.event) }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
