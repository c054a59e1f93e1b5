/** Commands that keep up: checkpoints, also with writes in their pauses; verify, confirm the epoch; a snapshot read later; reopen. */
import * as fc from 'fast-check'
import { blockNo } from '../../../src/units.ts'
import { lastState } from '../reference.ts'
import { command } from './command-world.ts'
import { shapes, write } from './write-commands.ts'

export const checkpoints = fc.tuple(fc.boolean(), fc.array(shapes, { maxLength: 2 })).map(([everything, between]) =>
  command(`checkpoint ${JSON.stringify({ everything, between })}`, (world) =>
    world.attempt(async () => {
      world.unpin()
      const waiting = [...between]
      const pause = async () => {
        const shape = waiting.shift()
        if (shape !== undefined) await write(world, shape)
      }
      await world.checkpoint({ everything, pause })
    }),
  ),
)

export const upkeep = fc.constantFrom(
  command('verify', (world) =>
    world.attempt(async () => {
      const struck = world.disk.faultsFired
      const { damaged } = await world.store.verify({ mode: 'full' })
      const isRight = damaged.length === 0 || (world.disk.faultsFired > struck && damaged.every(isUnreadable))
      if (!isRight) throw new Error(`verify finds ${JSON.stringify(damaged)}`)
    }),
  ),
  command('confirm epoch', (world) => world.attempt(() => world.confirm())),
)

const isUnreadable = ({ code }: { readonly code: string }) => code === 'STORAGE_FAILED'

export const snapshots = fc.constantFrom(
  command('pin', async (world) => {
    world.unpin()
    const { store, disk } = world
    const snapshot = store.pin()
    const state = lastState(world.history)
    const readAll = (read: (at: number, into: Uint8Array) => void) =>
      disk.undisturbed(() => contentsOf(snapshot.sizeBlocks, read))
    const contents = readAll((at, into) => store.read(blockNo(at), into))
    const check = () => {
      const now = readAll((at, into) => snapshot.read(blockNo(at), into))
      now.forEach((bytes, at) => {
        if (Buffer.compare(bytes, contents[at] ?? new Uint8Array()) !== 0)
          throw new Error(`snapshot: block ${at} has changed`)
      })
    }
    world.pinned = { state, check, release: () => snapshot.release() }
  }),
  command('read snapshot', async (world) => {
    if (world.pinned === undefined) return
    world.pinned.check()
    world.tally.snapshotsRead++
  }),
)

function contentsOf(sizeBlocks: number, read: (at: number, into: Uint8Array) => void): Uint8Array[] {
  return Array.from({ length: sizeBlocks }, (_, at) => {
    const into = new Uint8Array(4096)
    read(at, into)
    return into
  })
}

export const reopens = fc.constant(
  command('reopen', (world) =>
    world.attempt(async () => {
      world.unpin()
      await world.close()
      await world.recoverOn(world.disk)
    }),
  ),
)
