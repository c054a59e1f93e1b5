/**
 * Commands on one store and its history, for fast-check. After each of them the open store is in the state that its callers were
 * told of, and every recovery ends in one that the history allows.
 *
 *   write       a group of one to three transactions with any blocks, frees and size; with or without a barrier
 *   upkeep      checkpoint, also with writes in its pauses; verify, read back, confirm the epoch; a snapshot read later
 *   ends        close and reopen; kill (unsynced writes stay); power loss (each unsynced write meets its fate)
 *   faults      the n-th call from now fails; a bit turns over in a copy; a read is stale or misdirected
 */
import * as fc from 'fast-check'
import { isDatabaseError } from '../../../src/errors.ts'
import { blockNo } from '../../../src/units.ts'
import { chooseFates, imageAfter } from '../crash-images.ts'
import { differenceOf, judge, lastState, observe, type StoreState, withRecovered } from '../reference.ts'
import { openStore } from '../open-store.ts'
import { type CallFault, type ReadFault, SimDisk } from '../sim-disk.ts'
import { type DiskImage, withFlippedBit } from '../sim-image.ts'
import { type GroupShape, StoreWorld } from '../store-world.ts'

export type Command = fc.AsyncCommand<object, CommandWorld>

/** What happened how often, so that a test can tell that its faults struck. */
export const newTally = () => ({
  commits: 0,
  powerLosses: 0,
  kills: 0,
  faultsStruck: 0,
  voided: 0,
  snapshotsRead: 0,
  flipsDetected: 0,
  flipsHealed: 0,
  badReadsDetected: 0,
  badReadsHarmless: 0,
})

const blockMax = 12

export class CommandWorld extends StoreWorld {
  readonly tally: ReturnType<typeof newTally>
  pinned: { readonly state: StoreState; readonly check: () => void; readonly release: () => void } | undefined

  constructor(tally: ReturnType<typeof newTally>) {
    super(new SimDisk(), { bounds: { blockMax, requestMax: 400 } })
    this.tally = tally
  }

  /** Runs one call of the store; a failure that a fault caused is healed as its owner would, any other one is thrown. */
  async attempt(run: () => Promise<void>): Promise<void> {
    const struck = this.disk.faultsFired
    try {
      await run()
    } catch (error) {
      if (!isDatabaseError(error) || this.disk.faultsFired === struck) throw error
      this.tally.faultsStruck++
      this.disk.heal()
      if (!this.isOpen) await this.recoverOn(this.disk)
      else if (this.isVoidOwed) await this.voidAfterFailure()
    }
    this.checkOpen()
  }

  override async voidAfterFailure(): Promise<void> {
    this.unpin()
    await super.voidAfterFailure()
    this.tally.voided++
  }

  /** Opens on what a crash left, and holds what it finds against what the callers were told. */
  async recoverOn(disk: SimDisk): Promise<void> {
    this.pinned = undefined
    this.disk = disk
    await this.open()
    const found = this.observe()
    const violation = judge(found, this.history)
    if (violation !== undefined) throw new Error(`recovery: ${violation.invariant}: ${violation.message}`)
    this.history = withRecovered(this.history, found)
  }

  checkOpen(): void {
    const difference = this.disk.undisturbed(() => differenceOf(this.observe(), lastState(this.history)))
    if (difference !== undefined) throw new Error(`the open store ${difference}`)
  }

  unpin(): void {
    this.pinned?.release()
    this.pinned = undefined
  }
}

const command = (name: string, run: (world: CommandWorld) => Promise<void>): Command => ({
  check: () => true,
  run: (_model, world) => run(world),
  toString: () => name,
})

interface Shape {
  readonly written: readonly number[]
  readonly freed: readonly number[]
  readonly cut: number
  readonly transactions: number
  readonly isRelaxed: boolean
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  written: fc.uniqueArray(fc.nat(blockMax - 1), { maxLength: 6 }),
  freed: fc.uniqueArray(fc.nat(blockMax - 1), { maxLength: 2 }),
  cut: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.nat(blockMax), weight: 1 }),
  transactions: fc.integer({ min: 1, max: 3 }),
  isRelaxed: fc.boolean(),
})

async function write(world: CommandWorld, shape: Shape): Promise<void> {
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

const writes = shapes.map((shape) =>
  command(`write ${JSON.stringify(shape)}`, (world) => world.attempt(() => write(world, shape))),
)

const barriers = fc.constant(command('barrier', (world) => world.attempt(() => world.barrier())))

const checkpoints = fc.tuple(fc.boolean(), fc.array(shapes, { maxLength: 2 })).map(([everything, between]) =>
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

const upkeep = fc.constantFrom(
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

const snapshots = fc.constantFrom(
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

const reopens = fc.constant(
  command('reopen', (world) =>
    world.attempt(async () => {
      world.unpin()
      await world.close()
      await world.recoverOn(world.disk)
    }),
  ),
)

const kills = fc.constant(
  command('kill', async (world) => {
    const image = world.disk.image()
    world.disk.powerOff()
    const answered = world.answeredTxid
    await world.recoverOn(new SimDisk(image))
    if (lastState(world.history).txid < answered) throw new Error(`D1: ${answered} was written, and lost by a kill`)
    world.tally.kills++
  }),
)

const powerLosses = fc.array(fc.nat(1000), { minLength: 1, maxLength: 12 }).map((draws) =>
  command(`power loss ${draws.join()}`, async (world) => {
    const point = world.disk.crashPoint()
    let next = 0
    const choose = (bound: number) => (draws[next++ % draws.length] ?? 0) % bound
    const image = imageAfter(point, chooseFates(point, { damagedMax: Infinity, crossedMax: Infinity }, { choose }))
    world.disk.powerOff()
    await world.recoverOn(new SimDisk(image))
    world.tally.powerLosses++
  }),
)

const failures = fc
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

const flips = fc.record({ name: files, at: fc.nat(2 ** 24), bit: fc.nat(7) }).map(({ name, at, bit }) =>
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

const badReads = fc
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

/** Weighted by repetition, because fast-check draws evenly. */
const drawn: fc.Arbitrary<Command>[] = [
  ...[writes, writes, writes, writes, barriers, checkpoints, checkpoints, upkeep, snapshots, snapshots, reopens],
  ...[kills, powerLosses, powerLosses, failures, failures, flips, flips, badReads],
]

/** Sequences of up to `maxCommands`. */
export const commandSequences = (maxCommands: number, replayPath?: string) =>
  fc.commands(drawn, { maxCommands, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) })
