/** Every workload of a length: an odometer over the alphabet. Those with a step that has nothing to work on are none. */
import { exhaust } from '../exhaust.ts'
import type { Step } from '../store-world.ts'

export const alphabet: readonly Step[] = ['one', 'two', 'free', 'truncate', 'checkpoint', 'reopen']
/** With commits that ask for no barrier, and power loss in the middle of one before the work goes on. */
export const longAlphabet: readonly Step[] = [...alphabet, 'relaxed', 'torn']

export function workloadsOf(length: number, steps: readonly Step[] = alphabet): readonly (readonly Step[])[] {
  const workloads: Step[][] = []
  exhaust(({ choose }) => {
    workloads.push(Array.from({ length }, () => steps[choose(steps.length)] ?? 'one'))
  })
  return workloads
}
