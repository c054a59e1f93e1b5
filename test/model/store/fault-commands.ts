/** Commands that make the medium lie: the n-th call from now fails; a bit turns over in a copy; a read is stale or misdirected. */
import * as fc from 'fast-check'
import { isDatabaseError } from '../../../src/errors.ts'
import { openStore } from '../open-store.ts'
import { differenceOf, judge, lastState, observe } from '../reference.ts'
import { SimDisk } from '../sim-disk.ts'
import type { CallFault, ReadFault } from '../sim-faults.ts'
import { withFlippedBit, type DiskImage } from '../sim-image.ts'
import { command, type CommandWorld } from './command-world.ts'

export const failures = fc
  .record({
    nth: fc.integer({ min: 1, max: 12 }),
    isLasting: fc.boolean(),
    error: fc.constantFrom('ENOSPC' as const, 'EIO' as const),
    applied: fc.constantFrom('nothing' as const, 'half' as const),
  })
  .map((fault: CallFault) =>
    command(`fail ${JSON.stringify(fault)}`, async (world) => {
      world.disk.setFault(fault)
    }),
  )

const files = fc.constantFrom('header', 'blocks.meta', 'database.sqlite', 'log-0', 'log-1', 'log-2')

export const flips = fc.record({ name: files, at: fc.nat(2 ** 24), bit: fc.nat(7) }).map(({ name, at, bit }) =>
  command(`flip ${name} ${at} ${bit}`, async (world) => {
    const image = world.disk.image()
    const size = image.get(name)?.size ?? 0
    if (size === 0) return
    const isDetected = await isDetectedOrHealed(world, withFlippedBit(image, { name, byte: at % size, bit }))
    if (isDetected) world.tally.flipsDetected++
    else world.tally.flipsHealed++
  }),
)

/**
 * C1: opening or reading says what is damaged, or everything is right. Damage behind the last record that vouches for those before
 * it looks like a torn tail and is cut (C2), so what that record could not vouch for may be gone.
 */
async function isDetectedOrHealed(world: CommandWorld, image: DiskImage): Promise<boolean> {
  try {
    const store = await openStore(new SimDisk(image))
    const found = observe(store, world.bounds)
    const violation = judge(found, { ...world.history, durableTxid: world.durableThrough })
    if (violation !== undefined) throw new Error(`served: ${violation.invariant}: ${violation.message}`)
    return false
  } catch (error) {
    if (isDatabaseError(error)) return true
    throw error
  }
}

export const badReads = fc
  .record({
    name: files,
    nth: fc.integer({ min: 1, max: 4 }),
    kind: fc.constantFrom('stale' as const, 'misdirected' as const),
    by: fc.constantFrom(512, 4096, 8192, -4096),
  })
  .map((fault: ReadFault) =>
    command(`bad read ${JSON.stringify(fault)}`, async (world) => {
      const struck = world.disk.faultsFired
      world.disk.setReadFault(fault)
      try {
        const difference = differenceOf(world.observe(), lastState(world.history))
        if (difference !== undefined) throw new Error(`C1: served although a read was ${fault.kind}: ${difference}`)
        if (world.disk.faultsFired > struck) world.tally.badReadsHarmless++
      } catch (error) {
        if (!isDatabaseError(error)) throw error
        world.tally.badReadsDetected++
      } finally {
        world.disk.heal()
      }
      world.checkOpen()
    }),
  )
