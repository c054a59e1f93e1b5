/**
 * Runs workloads on the real store over the simulated disk, takes every image that a power loss could leave at every call
 * of the medium in the last step (the earlier steps are the last ones of shorter workloads), recovers each different image once,
 * and judges what came back against what the callers of that moment had been told. Recovery itself is crashed in the same way.
 *
 *   R2  crashed at any of its calls, once or twice nested, recovery ends in the same state as undisturbed
 *   Z2  every recovery has a greater epoch than anyone before it
 */
import { isDatabaseError } from '../../../src/errors.ts'
import { type CrashPoint, eachImage, type EnumerationRule, type Fate } from '../crash-images.ts'
import { differenceOf, type History, judge, observe, type StoreState } from '../reference.ts'
import { SimDisk } from '../sim-disk.ts'
import type { CallFault } from '../sim-faults.ts'
import { type DiskImage, hashOfDisk } from '../sim-image.ts'
import { type OpenStore, openStore } from '../open-store.ts'
import { smallBounds, type Step, StoreWorld } from '../store-world.ts'

export interface CheckerOptions {
  /** How fates are crossed at a crash of the workload, and at a crash inside recovery. */
  readonly rule: EnumerationRule
  readonly nestedRule: EnumerationRule
  /** How many crashes inside recovery follow each other, for a workload of this many steps. */
  readonly nestedDepth: (steps: number) => number
  /** The store under test, or a mutant of it: both the workloads and the recoveries run on it. */
  readonly open?: OpenStore
  /** A violation that says all that is asked for: nothing more is run. */
  readonly isEnough?: (violation: string) => boolean
}

interface CrashCase {
  readonly point: CrashPoint
  readonly history: History
  readonly epoch: number
  readonly call: number
}

export interface Recovered {
  readonly state?: StoreState
  readonly error?: string
  readonly epoch: number
}

export class CrashChecker {
  readonly counts = { workloads: 0, crashPoints: 0, images: 0, distinctImages: 0, nestedImages: 0 }
  readonly violations: string[] = []
  readonly #options: CheckerOptions
  readonly #recovered = new Map<string, Recovered>()
  readonly #nestedTo = new Map<string, number>()

  constructor(options: CheckerOptions) {
    this.#options = options
  }

  /** False when a step has nothing to work on, so that this is no workload. */
  async check(steps: readonly Step[]): Promise<boolean> {
    const cases = await record(steps, this.#options.open)
    if (cases === undefined) return false
    this.counts.workloads++
    for (const one of cases) await this.#checkCase(steps, one)
    return true
  }

  /**
   * One call fails, the caller repairs the open store and goes on: every crash point from the failure on. False when the workload
   * has fewer calls than the fault's number, or the failure left nothing to go on with.
   */
  async checkAfterFailure(steps: readonly Step[], fault: CallFault): Promise<boolean> {
    const { cases, hasFired } = await recordAfterFailure(steps, fault, this.#options.open)
    if (hasFired) this.counts.workloads++
    for (const one of cases) await this.#checkCase([...steps, `fault ${JSON.stringify(fault)}`], one)
    return hasFired
  }

  #hasEnough(): boolean {
    const { isEnough = () => false } = this.#options
    return this.violations.some(isEnough)
  }

  async #checkCase(steps: readonly string[], at: CrashCase): Promise<void> {
    if (this.#hasEnough()) return
    this.counts.crashPoints++
    const found = new Map<string, { image: DiskImage; fates: readonly Fate[] }>()
    this.counts.images += eachImage(at.point, this.#options.rule, (image, fates) => {
      const hash = hashOfDisk(image)
      if (!found.has(hash)) found.set(hash, { image, fates })
    })
    for (const [hash, { image, fates }] of found) {
      if (this.#hasEnough()) return
      const depth = this.#options.nestedDepth(steps.length)
      const recovered = await this.#recover(hash, image, depth)
      const fault = faultOf(recovered, at)
      if (fault !== undefined) this.#report(`${steps.join(' ')} · call ${at.call} · ${fates.join(' ')}: ${fault}`)
    }
  }

  /** The state after recovery from this image; crashes inside recovery are judged on the way. */
  async #recover(hash: string, image: DiskImage, depth: number): Promise<Recovered> {
    const known = this.#recovered.get(hash)
    if (known !== undefined && (this.#nestedTo.get(hash) ?? 0) >= depth) return known
    const points: CrashPoint[] = []
    const recovered = await recover(image, {
      ...(depth > 0 ? { onPoint: (point) => points.push(point) } : {}),
      ...(this.#options.open === undefined ? {} : { open: this.#options.open }),
    })
    if (known === undefined) this.counts.distinctImages++
    this.#recovered.set(hash, recovered)
    this.#nestedTo.set(hash, depth)
    for (const [call, point] of points.entries()) await this.#checkNested(recovered, point, { call, depth })
    return recovered
  }

  async #checkNested(
    owed: Recovered,
    point: CrashPoint,
    at: { readonly call: number; readonly depth: number },
  ): Promise<void> {
    const found = new Map<string, { image: DiskImage; fates: readonly Fate[] }>()
    this.counts.nestedImages += eachImage(point, this.#options.nestedRule, (image, fates) => {
      found.set(hashOfDisk(image), { image, fates })
    })
    for (const [hash, { image, fates }] of found) {
      const again = await this.#recover(hash, image, at.depth - 1)
      const difference = differenceOfRecoveries(again, owed)
      if (difference === undefined) continue
      this.#report(
        `crash inside recovery, nested to ${at.depth}, change ${at.call} · ${fates.join(' ')}: R2: ${difference}`,
      )
    }
  }

  #report(message: string): void {
    if (this.violations.length < 50) this.violations.push(message)
  }
}

/** Every crash point of the last step, with what the callers knew; undefined when a step has nothing to work on. */
export async function record(steps: readonly Step[], open = openStore): Promise<readonly CrashCase[] | undefined> {
  const world = new StoreWorld(new SimDisk(), { open })
  const cases: CrashCase[] = []
  const capture = () => {
    cases.push({ point: world.disk.crashPoint(), history: world.history, epoch: world.epoch, call: world.disk.calls })
  }
  if (steps.length === 0) world.disk.onChange = capture
  await world.open()
  for (const [at, step] of steps.entries()) {
    if (!world.canDo(step)) return undefined
    if (at === steps.length - 1) world.disk.onChange = capture
    await world.do(step)
  }
  capture()
  world.disk.powerOff()
  return cases
}

async function recordAfterFailure(
  steps: readonly Step[],
  fault: CallFault,
  open = openStore,
): Promise<{ readonly cases: readonly CrashCase[]; readonly hasFired: boolean }> {
  const world = new StoreWorld(new SimDisk(), { open })
  const { disk } = world
  const cases: CrashCase[] = []
  const capture = () => {
    cases.push({ point: disk.crashPoint(), history: world.history, epoch: world.epoch, call: disk.calls })
  }
  await world.open()
  disk.setFault(fault)
  for (const step of steps.filter((one) => one !== 'torn')) {
    if (!world.canDo(step)) continue
    try {
      await world.do(step)
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      disk.onChange = capture
      capture()
      if (!world.isOpen) return { cases, hasFired: true }
      if (world.isVoidOwed) await world.voidAfterFailure()
    }
  }
  capture()
  disk.powerOff()
  return { cases: disk.faultsFired > 0 ? cases : [], hasFired: disk.faultsFired > 0 }
}

export interface RecoverOptions {
  /** Called at each change that recovery makes. */
  readonly onPoint?: (point: CrashPoint) => void
  readonly bounds?: typeof smallBounds
  readonly open?: OpenStore
}

/** Opens the store on this image and reads all of it. */
export async function recover(image: DiskImage, options: RecoverOptions = {}): Promise<Recovered> {
  const { onPoint, bounds = smallBounds, open = openStore } = options
  const disk = new SimDisk(image)
  if (onPoint !== undefined) disk.onChange = () => onPoint(disk.crashPoint())
  try {
    const store = await open(disk)
    return { state: observe(store, bounds), epoch: store.epoch }
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    return { error: `${error.code}: ${error.message}`, epoch: Infinity }
  }
}

function faultOf(recovered: Recovered, at: CrashCase): string | undefined {
  if (recovered.state === undefined) return `C2: the store cannot be opened: ${recovered.error}`
  const violation = judge(recovered.state, at.history)
  if (violation !== undefined) return `${violation.invariant}: ${violation.message}`
  return recovered.epoch > at.epoch ? undefined : `Z2: epoch ${recovered.epoch} after epoch ${at.epoch}`
}

function differenceOfRecoveries(is: Recovered, owed: Recovered): string | undefined {
  if (is.state === undefined || owed.state === undefined)
    return is.error === owed.error ? undefined : `${is.error} instead of ${owed.error}`
  return differenceOf(is.state, owed.state)
}
