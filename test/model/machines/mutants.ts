/** What a test of a machine's test is made of: a mutant, and a walk that has to find its fault. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { Bounds, Walk } from '../explore.ts'
import type { Invariants } from './invariants.ts'

export interface Mutant<M> {
  readonly name: string
  readonly machine: M
  /** The rule that must catch it. */
  readonly caughtBy: string
  /** How far the fault is; 1500 states by default. */
  readonly statesMax?: number
  /** Walked to its end, so that a rule about what must come may be named. */
  readonly isWhole?: boolean
}

/** A mutant's walk may have no end, but its fault is near. Cut short it says nothing about liveness: only "always" rules are named. */
const near = (statesMax = 1500) => ({ statesMax, isCut: true })

export const never = () => false
export const always = () => true

/** One of several transitions for an event, to be changed. */
export function candidate(list: unknown, at: number): Record<string, unknown> {
  const found = (list as readonly Record<string, unknown>[])[at]
  if (found === undefined) throw new Error(`there is no candidate ${at} to change`)
  return found
}

/** Declares a test for each: its walk finds it, by the rule it names. */
export function describeMutants<M, S>(
  mutants: readonly Mutant<M>[],
  { walk, rules }: { walk: (machine: M, bounds: Bounds) => Walk<S>; rules: Invariants<S> },
): void {
  const ruleOf = (name: string) => {
    const rule = rules[name]
    assert.ok(rule !== undefined, `there is no rule "${name}"`)
    return rule
  }
  test.each(mutants)('$name', { timeout: 120_000 }, ({ machine, caughtBy, statesMax, isWhole }) => {
    const walked = walk(machine, isWhole === true ? {} : near(statesMax))
    assert.throws(() => ruleOf(caughtBy)(walked), /after \d+ events/)
  })
}
