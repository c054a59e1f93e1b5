/** Named rules of a walk. A test carries the rule's name; a mutant names the rule that catches it. */
import { test } from 'vitest'
import type { Walk } from '../explore.ts'

export type Invariants<S> = Readonly<Record<string, (walk: Walk<S>) => void>>

/** One test for each rule. */
export function testInvariants<S>(walk: Walk<S>, invariants: Invariants<S>): void {
  for (const [name, rule] of Object.entries(invariants)) test(name, { timeout: 120_000 }, () => rule(walk))
}

/** Every value of a witness over the states, sorted: what the walk has seen. */
export const witnesses = <T>(items: Iterable<T>): readonly T[] => [...new Set(items)].sort()
