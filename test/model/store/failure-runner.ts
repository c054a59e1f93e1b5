/**
 * One workload on a medium of which one call fails. What is owed whatever fails:
 *
 *   E1  the call that failed says so with STORAGE_FULL or STORAGE_FAILED; nothing that succeeded is missing after a power loss
 *   D1 A1 A2 A3 V1  at the failure, after healing and at the end: in the open store and after a power loss
 *   and the store, or a reopened one, takes writes again.
 */
import { isDatabaseError } from '../../../src/errors.ts'
import { eachImage } from '../crash-images.ts'
import { type Recovered, recover } from '../crash/crash-checker.ts'
import { judge, lastState, withRecovered } from '../reference.ts'
import { SimDisk } from '../sim-disk.ts'
import type { CallFault } from '../sim-faults.ts'
import { type DiskImage, hashOfDisk } from '../sim-image.ts'
import { type Step, StoreWorld } from '../store-world.ts'

/** How a caller goes on after a failure: it repairs the open store, or gives it up and opens it again. */
export type Healing = 'void' | 'reopen'

export interface FailureRun {
  readonly steps: readonly Step[]
  readonly fault: CallFault
  readonly healing: Healing
}

export interface FailureResult {
  /** The workload has fewer calls than the fault's number. */
  readonly hasFired: boolean
  readonly violation?: string
}

/** What recovery makes of an image, by its hash: most failures leave images that others have left. */
const known = new Map<string, Recovered>()

const extremes = { damagedMax: 0, crossedMax: 1 }

export async function runWithFailure(run: FailureRun): Promise<FailureResult> {
  const world = new StoreWorld(new SimDisk())
  await world.open()
  world.disk.setFault(run.fault)
  let failures = 0
  try {
    for (const step of run.steps) {
      if (!world.canDo(step)) continue
      const failure = await failureOf(() => world.do(step))
      if (failure === undefined) continue
      failures++
      if (!isStorageError(failure)) return broken(`E1: ${step} failed with ${String(failure)}`)
      await checkPowerLoss(world, `after ${step} failed`)
      if (run.fault.isLasting) await healInVain(world, run.healing)
      await heal(world, run.healing)
      checkOpen(world, `after ${step} was healed`)
    }
    const hasFired = world.disk.faultsFired > 0
    world.disk.heal()
    await world.do('one')
    checkOpen(world, 'at the end')
    await checkPowerLoss(world, 'at the end')
    return { hasFired }
  } catch (error) {
    return broken(`${failures} failures, then ${String(error)}`)
  } finally {
    world.abandon()
  }
}

const broken = (violation: string): FailureResult => ({ hasFired: true, violation })

const isStorageError = (error: unknown) =>
  isDatabaseError(error, 'STORAGE_FULL') || isDatabaseError(error, 'STORAGE_FAILED')

async function failureOf(run: () => Promise<void>): Promise<unknown> {
  try {
    await run()
    return undefined
  } catch (error) {
    return error
  }
}

/** Healing is tried while the medium still fails, and fails as the medium does or succeeds; then the medium works again. */
async function healInVain(world: StoreWorld, healing: Healing): Promise<void> {
  const failure = await failureOf(() => heal(world, healing))
  if (failure !== undefined && !isStorageError(failure)) throw failure
  world.disk.heal()
}

async function heal(world: StoreWorld, healing: Healing): Promise<void> {
  if (world.isOpen && healing === 'void') return world.isVoidOwed ? await world.voidAfterFailure() : undefined
  world.abandon()
  await world.open()
  adopt(world)
}

/** A reopened store has decided what was unknown. */
function adopt(world: StoreWorld): void {
  const found = world.observe()
  const violation = judge(found, world.history)
  if (violation !== undefined) throw new RangeError(`reopened: ${violation.invariant}: ${violation.message}`)
  world.history = withRecovered(world.history, found)
}

function checkOpen(world: StoreWorld, when: string): void {
  const violation = judge(
    world.disk.undisturbed(() => world.observe()),
    { ...world.history, durableTxid: lastState(world.history).txid },
  )
  if (violation !== undefined)
    throw new RangeError(`${when}, in the open store: ${violation.invariant}: ${violation.message}`)
}

/** Power loss now, with everything that is not durable kept, and with all of it dropped, and with only the last entry either way. */
async function checkPowerLoss(world: StoreWorld, when: string): Promise<void> {
  const images = new Map<string, DiskImage>()
  eachImage(world.disk.crashPoint(), extremes, (image) => images.set(hashOfDisk(image), image))
  for (const [hash, image] of images) {
    const recovered = known.get(hash) ?? (await recover(image))
    known.set(hash, recovered)
    if (recovered.state === undefined) throw new RangeError(`${when}, power loss: C2: ${recovered.error}`)
    const violation = judge(recovered.state, world.history)
    if (violation !== undefined)
      throw new RangeError(`${when}, power loss: ${violation.invariant}: ${violation.message}`)
  }
}
