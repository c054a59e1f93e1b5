/**
 * Runs a flat machine without the general statechart algorithm: the same machine, states, guards, assigns and emits, at a fraction of
 * the cost. Most of what XState does for an event finds out which states are left and entered; in a machine whose states have no
 * children, entries, exits or timers that is known beforehand, and is looked up here.
 *
 * Whatever is not of that kind (a final state, an event of the root, another sort of action or guard) is XState's own. That both
 * agree is checked over every transition of every machine: test/model/machines/flat-logic.test.ts.
 */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, AnyTransitionDefinition, EventObject } from 'xstate'

/** What XState keeps of `assign` and `emit`: not in its public types, pinned by the exact version and the test above. */
interface BuiltinAction {
  readonly type: 'xstate.assign' | 'xstate.emit'
  readonly assignment?: Assignment | Readonly<Record<string, unknown>>
  readonly event?: EventObject | ((args: Args, params: unknown) => EventObject)
}
type Assignment = (args: Args, params: unknown) => object
type Guard = (args: Args, params: unknown) => boolean

interface Args {
  readonly context: object
  readonly event: EventObject
}

/** Of the actor that runs the machine: what it emits goes the way of XState's own actions, so that explorers see it as data. */
interface Scope {
  emit(event: EventObject): void
  actionExecutor(action: {
    readonly type: 'xstate.emit'
    readonly info: Args
    readonly params: { readonly event: EventObject }
    readonly exec: () => void
  }): void
}

type Params = (args: Args) => unknown

interface Step {
  readonly params: Params
  /** The changed part of the context, or what is emitted. */
  readonly assign: ((args: Args, params: unknown) => object) | undefined
  readonly emit: ((args: Args, params: unknown) => EventObject) | undefined
}

interface Candidate {
  readonly isEnabled: (args: Args) => boolean
  /** Undefined: when it is this one, XState takes it. */
  readonly steps: readonly Step[] | undefined
  readonly target: AnyStateNode | undefined
}

interface Taken {
  readonly steps: readonly Step[]
  readonly target: AnyStateNode | undefined
}

/** Candidates in order, by state and event type. */
type Plans = ReadonlyMap<string, ReadonlyMap<string, readonly Candidate[]>>

/** The machine as the logic of an actor: `createActor(flatLogic(machine))`. */
export function flatLogic<M extends AnyStateMachine>(machine: M): M {
  const plans = plansOf(machine)
  const transition = (snapshot: AnyMachineSnapshot, event: EventObject, scope: Scope): AnyMachineSnapshot => {
    const candidates = snapshot.status === 'active' ? plans.get(snapshot.value as string)?.get(event.type) : undefined
    const args = { context: snapshot.context as object, event }
    const candidate = candidates?.find(({ isEnabled }) => isEnabled(args))
    if (candidate?.steps !== undefined) return take(machine, candidate as Taken, snapshot, { event, scope })
    return machine.transition(snapshot, event, scope as never) as AnyMachineSnapshot
  }
  return Object.create(machine, { transition: { value: transition } }) as M
}

function take(
  machine: AnyStateMachine,
  { steps, target }: Taken,
  snapshot: AnyMachineSnapshot,
  { event, scope }: { readonly event: EventObject; readonly scope: Scope },
): AnyMachineSnapshot {
  let context = snapshot.context as object
  for (const { params, assign, emit } of steps) {
    const args = { context, event }
    if (assign !== undefined) context = { ...context, ...assign(args, params(args)) }
    else if (emit !== undefined) tell(scope, args, emit(args, params(args)))
  }
  return next(snapshot, context, target === undefined ? snapshot._nodes : [machine.root, target])
}

/** The snapshot after the step. Written out: a spread of this many properties costs more than the rest of the step. */
function next(snapshot: AnyMachineSnapshot, context: object, nodes: AnyStateNode[]): AnyMachineSnapshot {
  const written: object = {
    status: snapshot.status,
    output: snapshot.output as unknown,
    error: snapshot.error,
    machine: snapshot.machine as AnyStateMachine,
    context,
    _nodes: nodes,
    value: nodes[1]?.key,
    tags: snapshot.tags,
    children: snapshot.children as object,
    historyValue: snapshot.historyValue,
    matches: snapshot.matches,
    hasTag: snapshot.hasTag,
    can: snapshot.can,
    getMeta: snapshot.getMeta,
    toJSON: snapshot.toJSON,
  }
  return written as AnyMachineSnapshot
}

function tell(scope: Scope, info: Args, event: EventObject): void {
  scope.actionExecutor({ type: 'xstate.emit', info, params: { event }, exec: () => scope.emit(event) })
}

function plansOf(machine: AnyStateMachine): Plans {
  const states = Object.values(machine.root.states)
  return new Map(states.filter(isFlat).map((state) => [state.key, planOf(machine, state)]))
}

const isFlat = (state: AnyStateNode): boolean =>
  state.type === 'atomic' &&
  state.entry.length + state.exit.length + state.invoke.length + state.after.length + state.tags.length === 0 &&
  (state.always === undefined || state.always.length === 0)

function planOf(machine: AnyStateMachine, state: AnyStateNode): ReadonlyMap<string, readonly Candidate[]> {
  const entries = [...state.transitions].map(
    ([type, definitions]) => [type, definitions.map((definition) => candidateOf(machine, definition))] as const,
  )
  return new Map(entries)
}

function candidateOf(machine: AnyStateMachine, definition: AnyTransitionDefinition): Candidate {
  const [target, ...others] = definition.target ?? []
  const isTargetFlat =
    others.length === 0 && (target === undefined || (isFlat(target) && target.parent === machine.root))
  const isEnabled = guardOf(machine, definition.guard)
  const steps = definition.actions.map((action) => stepOf(machine, action))
  const isSimple = isTargetFlat && isEnabled !== undefined && steps.every((step) => step !== undefined)
  return { isEnabled: isEnabled ?? (() => true), steps: isSimple ? steps : undefined, target }
}

/** A name, or a name with parameters: how the machines here refer to guards and actions. */
type Reference = string | { readonly type: string; readonly params?: unknown }

const isReference = (value: unknown): value is Reference =>
  typeof value === 'string' || (typeof value === 'object' && value !== null && 'type' in value)

const nameOf = (reference: Reference): string => (typeof reference === 'string' ? reference : reference.type)

function paramsOf(reference: Reference): Params {
  const params = typeof reference === 'string' ? undefined : reference.params
  return typeof params === 'function' ? (params as Params) : () => params
}

function guardOf(machine: AnyStateMachine, guard: unknown): Candidate['isEnabled'] | undefined {
  if (guard === undefined) return () => true
  if (!isReference(guard)) return undefined
  const check = (machine.implementations.guards as Record<string, unknown>)[nameOf(guard)]
  if (typeof check !== 'function' || 'check' in check) return undefined
  const params = paramsOf(guard)
  return (args) => (check as Guard)(args, params(args))
}

function stepOf(machine: AnyStateMachine, action: unknown): Step | undefined {
  if (!isReference(action)) return undefined
  const builtin = (machine.implementations.actions as Record<string, BuiltinAction | undefined>)[nameOf(action)]
  const params = paramsOf(action)
  if (builtin?.type === 'xstate.assign') return { params, assign: assignOf(builtin.assignment ?? {}), emit: undefined }
  if (builtin?.type !== 'xstate.emit' || builtin.event === undefined) return undefined
  const { event } = builtin
  return { params, assign: undefined, emit: typeof event === 'function' ? event : () => event }
}

function assignOf(assignment: NonNullable<BuiltinAction['assignment']>): Assignment {
  if (typeof assignment === 'function') return assignment
  const entries = Object.entries(assignment)
  return (args, params) =>
    Object.fromEntries(
      entries.map(([key, part]) => [key, typeof part === 'function' ? (part as Assignment)(args, params) : part]),
    )
}
