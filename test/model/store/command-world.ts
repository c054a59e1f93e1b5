/** A store, its history and what has happened to it: what the commands act on. Every recovery and every answer is judged here. */
import type * as fc from 'fast-check'
import { isDatabaseError } from '../../../src/errors.ts'
import { differenceOf, judge, lastState, withRecovered, type StoreState } from '../reference.ts'
import { SimDisk } from '../sim-disk.ts'
import { StoreWorld } from '../store-world.ts'

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

export const blockMax = 12

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

export const command = (name: string, run: (world: CommandWorld) => Promise<void>): Command => ({
  check: () => true,
  run: (_model, world) => run(world),
  toString: () => name,
})
