/**
 * Work on the store that can wait: checkpoints and verification, one at a time, giving way to commits between steps. A checkpoint runs
 * when the log is long, or when nothing was committed for a while; then in a moment that nobody needs, where the clock knows of such.
 */
import { DatabaseError, isDatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { BlockStore, CheckpointResult, VerifyReport } from '../storage/block-store.ts'
import type { Facts } from './facts.ts'
import type { Clock } from './ports.ts'

export interface MaintenancePorts {
  readonly store: BlockStore
  readonly clock: Clock
  readonly facts: Facts
  /** A flush is under way or wanted: steps wait. */
  readonly isBusy: () => boolean
  /** Nothing was committed for a while. */
  readonly onIdle: () => void
}

/** A step waits at most this long for commits, so that a checkpoint ends under constant load too. */
const YIELD_MS_MAX = 5

export class Maintenance {
  readonly #ports: MaintenancePorts
  #last: Promise<unknown> = Promise.resolve()
  #isCheckpointing = false
  #isStopped = false
  #committedAtMs = 0
  #cancelIdle: (() => void) | undefined

  constructor(ports: MaintenancePorts) {
    this.#ports = ports
  }

  /** A commit has ended: fold the log if it is long, or later when nothing follows. */
  committed(): void {
    if (this.#isStopped) return
    this.#committedAtMs = this.#ports.clock.now()
    if (this.#ports.store.isCheckpointDue) this.#checkpointInBackground({ everything: false })
    else this.#armIdle(limits.idleCheckpointMs)
  }

  checkpoint(options: { readonly everything: boolean }): Promise<CheckpointResult> {
    return this.#next(async () => {
      const startedAtMs = this.#ports.clock.now()
      const result = await this.#ports.store.checkpoint({ ...options, pause: this.pause })
      const ms = this.#ports.clock.now() - startedAtMs
      if (result.blocks > 0) this.#ports.facts.emit({ type: 'checkpoint.finished', ...result, ms })
      this.#ports.facts.measuredChanged()
      return result
    })
  }

  verify(options: { readonly mode: 'full' }): Promise<VerifyReport> {
    return this.#next(async () => {
      const report = await this.#ports.store.verify({ ...options, pause: this.pause })
      for (const { blockNo, file } of report.damaged)
        this.#ports.facts.emit({ type: 'checksum.mismatched', blockNo, file })
      this.#ports.facts.measuredChanged()
      return report
    })
  }

  /** No more work is begun; resolves when the current one has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelIdle?.()
    await this.#last
  }

  /** Gives commits their turn. */
  readonly pause = async (): Promise<void> => {
    const { clock, isBusy } = this.#ports
    const untilMs = clock.now() + YIELD_MS_MAX
    do await new Promise<void>((resolve) => clock.soon(resolve))
    while (!this.#isStopped && isBusy() && clock.now() < untilMs)
  }

  /** One after another; a failure is its caller's, the next one runs all the same. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const refuseOrRun = () => (this.#isStopped ? Promise.reject(stopped()) : work())
    const result = this.#last.then(refuseOrRun, refuseOrRun)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** One timer serves any number of commits: it looks how long ago the last one was. */
  #armIdle(ms: number): void {
    if (this.#cancelIdle !== undefined) return
    const { clock } = this.#ports
    this.#cancelIdle = clock.after(ms, () => {
      if (clock.idle === undefined || this.#restMs() > 0) return this.#idled()
      this.#cancelIdle = clock.idle(() => this.#idled())
    })
  }

  /** Unless something was committed meanwhile. */
  #idled(): void {
    this.#cancelIdle = undefined
    const restMs = this.#restMs()
    if (restMs > 0) return this.#armIdle(restMs)
    this.#checkpointInBackground({ everything: true })
    this.#ports.onIdle()
  }

  /** Until nothing was committed for long enough. */
  #restMs(): number {
    return this.#committedAtMs + limits.idleCheckpointMs - this.#ports.clock.now()
  }

  #checkpointInBackground(options: { readonly everything: boolean }): void {
    if (this.#isCheckpointing) return
    this.#isCheckpointing = true
    const done = () => {
      this.#isCheckpointing = false
    }
    this.checkpoint(options).then(done, (error: unknown) => {
      done()
      if (!isDatabaseError(error)) throw error
      if (error.code === 'DATABASE_CLOSED') return
      this.#ports.facts.emit({
        type: 'storage.failed',
        code: error.code,
        message: error.message,
        operation: 'checkpoint',
      })
    })
  }
}

const stopped = () => new DatabaseError('DATABASE_CLOSED', 'the database is closing')
