/** Commands that write: a group of one to three transactions with any blocks, frees and size; with or without a barrier. */
import * as fc from 'fast-check'
import { lastState } from '../reference.ts'
import type { GroupShape } from '../store-world.ts'
import { blockMax, command, type CommandWorld } from './command-world.ts'

export interface Shape {
  readonly written: readonly number[]
  readonly freed: readonly number[]
  readonly cut: number
  readonly transactions: number
  readonly isRelaxed: boolean
}

export const shapes: fc.Arbitrary<Shape> = fc.record({
  written: fc.uniqueArray(fc.nat(blockMax - 1), { maxLength: 6 }),
  freed: fc.uniqueArray(fc.nat(blockMax - 1), { maxLength: 2 }),
  cut: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.nat(blockMax), weight: 1 }),
  transactions: fc.integer({ min: 1, max: 3 }),
  isRelaxed: fc.boolean(),
})

export async function write(world: CommandWorld, shape: Shape): Promise<void> {
  const group = world.groupOf(groupShapeOf(shape, lastState(world.history).sizeBlocks))
  await world.append(group)
  if (shape.isRelaxed) await world.confirm()
  else await world.barrier()
  world.tally.commits++
}

/** Frees only what is there and not written; a cut takes the blocks beyond it out of the group. */
function groupShapeOf({ written, freed, cut, transactions }: Shape, before: number): GroupShape {
  const sizeBlocks = cut > 0 ? Math.max(0, before - cut) : Math.max(before, ...written.map((at) => at + 1))
  return {
    written: written.filter((at) => at < sizeBlocks),
    freed: freed.filter((at) => at < Math.min(before, sizeBlocks) && !written.includes(at)),
    sizeBlocks,
    transactions,
  }
}

export const writes = shapes.map((shape) =>
  command(`write ${JSON.stringify(shape)}`, (world) => world.attempt(() => write(world, shape))),
)

export const barriers = fc.constant(command('barrier', (world) => world.attempt(() => world.barrier())))
