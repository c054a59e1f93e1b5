/**
 * Compound: the barrier of a header fails, and the process is killed before it has put the slot back; the next process opens the store on
 * the same disk, whose system takes the slot for written, and at every call from then on the power is lost.
 *
 *   process 1   slot ── barrier ✗ ─╮ killed        (the slot is put back not at all, or by half)
 *   process 2                      ╰─ open ── commit ── checkpoint ──▶   power loss anywhere
 *
 * And the same when one write of a header fails, the process repairs its store and goes on to the end, and is killed then.
 */
import { describe, expect, test } from 'vitest'
import { isDatabaseError } from '../../../src/errors.ts'
import { type CrashPoint, eachImage, type Fate } from '../crash-images.ts'
import { recover, type Recovered } from '../crash/crash-checker.ts'
import { type History, judge, withRecovered } from '../reference.ts'
import { SimDisk } from '../sim-disk.ts'
import type { CallKind } from '../sim-faults.ts'
import { type DiskImage, hashOfDisk } from '../sim-image.ts'
import { type Step, StoreWorld } from '../store-world.ts'

interface Workload {
  readonly steps: readonly Step[]
  /** Barriers of the header and images behind them; writes of the header and images behind those. Exactly. */
  readonly killed: readonly [barriers: number, images: number]
  readonly failed: readonly [writes: number, images: number]
}

const workloads: readonly Workload[] = [
  { steps: ['two', 'checkpoint'], killed: [1, 8_544], failed: [2, 72] },
  { steps: ['one', 'checkpoint', 'free', 'checkpoint'], killed: [2, 15_296], failed: [4, 2_592] },
  { steps: ['two', 'reopen', 'one'], killed: [5, 30_076], failed: [8, 8_400] },
  { steps: ['relaxed', 'checkpoint', 'reopen'], killed: [5, 29_852], failed: [8, 9_210] },
  // Segments that the header before the last one names are written anew.
  {
    steps: ['one', 'checkpoint', 'one', 'one', 'one', 'one', 'one', 'one', 'one', 'checkpoint'],
    killed: [2, 18_108],
    failed: [4, 11_304],
  },
]
const afterwards: readonly Step[] = ['one', 'checkpoint']
const rule = { damagedMax: 1, crossedMax: 4 }

async function openWorld(): Promise<StoreWorld> {
  const world = new StoreWorld(new SimDisk())
  await world.open()
  return world
}

/** Numbers of the calls of this kind on the header, counted from the first call after the store is open. */
async function callsOnHeader(steps: readonly Step[], wanted: CallKind): Promise<readonly number[]> {
  const world = await openWorld()
  const before = world.disk.calls
  for (const step of steps) await world.do(step)
  const calls = world.disk.trace.slice(before)
  world.disk.powerOff()
  return calls.flatMap(({ kind, name }, at) => (kind === wanted && name === 'header' ? [at + 1] : []))
}

async function callsOf(steps: readonly Step[]): Promise<number> {
  const world = await openWorld()
  const before = world.disk.calls
  for (const step of steps) await world.do(step)
  return world.disk.calls - before
}

/** From that call on everything fails, as if there were no process any more; then the medium is well again. */
async function killedAt(steps: readonly Step[], nth: number, applied: 'nothing' | 'half'): Promise<StoreWorld> {
  const world = await openWorld()
  world.disk.setFault({ nth, isLasting: true, error: 'EIO', applied })
  for (const step of steps) {
    try {
      await world.do(step)
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      break
    }
  }
  expect(world.disk.faultsFired).toBeGreaterThan(0)
  world.disk.heal()
  world.abandon()
  return world
}

/** That call fails, and the process goes on; from call `endsAt` on there is no process any more. */
async function failedAt(steps: readonly Step[], nth: number, endsAt: number): Promise<StoreWorld> {
  const world = await openWorld()
  const { disk } = world
  const begins = disk.calls
  disk.setFault({ nth, isLasting: false, error: 'EIO' })
  disk.setFault({ nth: endsAt, isLasting: true, error: 'EIO' })
  for (const step of steps) {
    try {
      await world.do(step)
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      if (disk.calls - begins >= endsAt || !world.isOpen) break
      if (world.isVoidOwed) await world.voidAfterFailure().catch(() => undefined)
    }
  }
  expect(disk.faultsFired).toBeGreaterThan(0)
  disk.heal()
  world.abandon()
  return world
}

async function reopen(world: StoreWorld): Promise<void> {
  await world.open()
  world.history = withRecovered(world.history, world.observe())
}

interface Moment {
  readonly point: CrashPoint
  readonly history: History
}

/** The next process on the same disk: every moment of it. */
async function nextProcess(world: StoreWorld): Promise<readonly Moment[]> {
  const moments: Moment[] = []
  world.disk.onChange = () => moments.push({ point: world.disk.crashPoint(), history: world.history })
  await reopen(world)
  for (const step of afterwards) await world.do(step)
  world.disk.powerOff()
  return moments
}

class Judge {
  readonly violations: string[] = []
  images = 0
  readonly #known = new Map<string, Recovered>()

  async look(name: string, moments: readonly Moment[]): Promise<void> {
    for (const [at, { point, history }] of moments.entries()) {
      const found = new Map<string, { image: DiskImage; fates: readonly Fate[] }>()
      this.images += eachImage(point, rule, (image, fates) => found.set(hashOfDisk(image), { image, fates }))
      for (const [hash, { image, fates }] of found) {
        const recovered = this.#known.get(hash) ?? (await recover(image))
        this.#known.set(hash, recovered)
        const violation = recovered.state === undefined ? undefined : judge(recovered.state, history)
        if (recovered.state !== undefined && violation === undefined) continue
        this.violations.push(`${name} · change ${at} · ${fates.join(' ')}: ${recovered.error ?? violation?.message}`)
      }
    }
  }
}

const named = workloads.map((one) => ({ ...one, name: one.steps.join(' ') }))
const timeoutMs = 600_000

describe('a header that failed, a kill, and then a power loss', () => {
  test.each(named)(
    '$name',
    async ({ steps, name }) => {
      const judged = new Judge()
      const barriers = await callsOnHeader(steps, 'flush')
      for (const nth of barriers) {
        for (const applied of ['nothing', 'half'] as const) {
          const world = await killedAt(steps, nth, applied)
          await judged.look(`call ${nth}, ${applied}`, await nextProcess(world))
        }
      }
      console.log(`${name}: ${barriers.length} barriers, ${judged.images} images`)
      expect(judged.violations.slice(0, 5)).toEqual([])
      expect(barriers.length).toBeGreaterThan(0)
      expect(judged.images).toBeGreaterThan(1_000)
    },
    timeoutMs,
  )
})

describe('a header that could not be written, work that goes on, a kill at any call, and then a power loss', () => {
  // From its first write to the header that it puts in the older one's place.
  const momentsMax = 4

  test.each(named)(
    '$name',
    async ({ steps, name }) => {
      const judged = new Judge()
      const writes = await callsOnHeader(steps, 'write')
      const last = await callsOf(steps)
      for (const nth of writes) {
        for (let endsAt = nth + 1; endsAt <= last + 1; endsAt++) {
          const moments = await nextProcess(await failedAt(steps, nth, endsAt))
          await judged.look(`call ${nth}, ended at ${endsAt}`, moments.slice(0, momentsMax))
        }
      }
      console.log(`${name}: ${writes.length} writes, ${judged.images} images`)
      expect(judged.violations.slice(0, 5)).toEqual([])
      expect(writes.length).toBeGreaterThan(0)
      expect(judged.images).toBeGreaterThan(50)
    },
    timeoutMs,
  )
})
