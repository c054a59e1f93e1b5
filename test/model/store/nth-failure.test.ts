/**
 * The n-th call of the medium fails, for every n of every listed workload: once and from then on, ENOSPC and EIO, a failing write
 * leaving nothing or its first half, healed in the open store or by opening it again (SQLite's I/O error loop).
 */
import { afterAll, describe, expect, test } from 'vitest'
import { isLong } from '../replay.ts'
import type { CallFault } from '../sim-faults.ts'
import type { Step } from '../store-world.ts'
import { type Healing, runWithFailure } from './failure-runner.ts'

const workloads: readonly string[] = [
  'one',
  'two',
  'relaxed',
  'reopen',
  'one one',
  'one two',
  'one free',
  'one truncate',
  'one checkpoint',
  'one reopen',
  'one relaxed',
  'relaxed one',
  'relaxed relaxed',
  'relaxed checkpoint',
  'relaxed reopen',
  'two free',
  'two truncate',
  'two checkpoint',
  'two reopen',
  'checkpoint one',
  'checkpoint two checkpoint',
  'reopen one',
  'reopen reopen',
  'one two checkpoint',
  'one checkpoint one',
  'one checkpoint checkpoint',
  'one reopen one',
  'one free one',
  'one truncate one',
  'two free checkpoint',
  'two truncate checkpoint',
  'relaxed checkpoint one',
  'relaxed relaxed one',
  'one relaxed checkpoint',
  'one relaxed reopen',
  'two free truncate checkpoint',
  'two checkpoint free checkpoint',
  'one checkpoint two checkpoint',
  'one two checkpoint reopen',
  'one checkpoint truncate reopen',
  'one one checkpoint one one',
  'two checkpoint two reopen two',
]

type Mode = Omit<CallFault, 'nth'> & { readonly healing: Healing }

const errors = ['ENOSPC', 'EIO'] as const
const lasting = [false, true]

/** Once and from then on, healed in the open store; a barrier or read that fails, healed by opening again; a write that leaves its half. */
const usual: readonly Mode[] = [
  ...errors.flatMap((error) =>
    lasting.map((isLasting) => ({ error, isLasting, applied: 'nothing', healing: 'void' }) as const),
  ),
  { error: 'EIO', isLasting: false, applied: 'nothing', healing: 'reopen' },
  { error: 'EIO', isLasting: false, applied: 'half', kinds: ['write'], healing: 'void' },
]

const every: readonly Mode[] = errors.flatMap((error) =>
  lasting.flatMap((isLasting) =>
    ([{ applied: 'nothing' }, { applied: 'half', kinds: ['write'] }] as const).flatMap((effect) =>
      (['void', 'reopen'] as const).map((healing) => ({ error, isLasting, ...effect, healing })),
    ),
  ),
)

const modes = isLong ? every : usual

const runs = { count: 0 }

describe.each(modes)('$error, lasting $isLasting, $applied written, healed by $healing', ({ healing, ...fault }) => {
  test.each(workloads)('%s', async (workload) => {
    const steps = workload.split(' ') as Step[]
    const violations: string[] = []
    let fired = 0
    for (let nth = 1; ; nth++) {
      const result = await runWithFailure({ steps, fault: { ...fault, nth }, healing })
      if (!result.hasFired) break
      fired++
      if (result.violation !== undefined) violations.push(`call ${nth}: ${result.violation}`)
    }
    runs.count += fired
    expect(violations).toEqual([])
    if (fault.applied === 'nothing' || workload !== 'relaxed') expect(fired).toBeGreaterThan(0)
  })
})

afterAll(() =>
  console.log(`${runs.count} failures of one call in ${workloads.length} workloads and ${modes.length} modes`),
)
