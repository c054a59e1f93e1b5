/**
 * Mutants of the shipped machines. `machine.provide` replaces a guard or an action by name; `rewired` changes the wiring: it copies the
 * configuration, lets an edit change the copy, and builds a machine of it with the implementations of the original.
 */
import type { AnyStateMachine } from 'xstate'
import { createMachine } from 'xstate'

/** One state's configuration, loosely: mutants change what types would not let them. */
export interface LooseState {
  on: Record<string, unknown>
  entry?: unknown
  states: Record<string, LooseState>
}

export function rewired<M extends AnyStateMachine>(machine: M, edit: (root: LooseState) => void): M {
  const config = copyOf(machine.config) as LooseState
  edit(config)
  return createMachine(config as never, machine.implementations as never) as unknown as M
}

export function stateOf({ states }: LooseState, name: string): LooseState {
  const state = states[name]
  if (state === undefined) throw new Error(`there is no state ${name} to change`)
  return state
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copyOf(part)]))
}
