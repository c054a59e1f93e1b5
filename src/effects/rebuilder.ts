/**
 * After a failure: what failed is made void, and the connection anew over the view; while the medium does not let it, again and again.
 * Meanwhile nothing is run or sealed: requests wait to their deadline.
 */
import { type DatabaseError, isDatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { AwaitedBlocks } from '../storage/awaited.ts'
import type { Executor } from './executor.ts'
import type { Flusher } from './flusher.ts'
import type { Clock, SqlEngine } from './ports.ts'

export interface RebuilderPorts {
  readonly engine: Pick<SqlEngine, 'rebuild'>
  readonly executor: Pick<Executor, 'pause'>
  readonly flusher: Pick<Flusher, 'isVoidOwed' | 'retryVoid'>
  readonly clock: Clock
  /** Blocks of the store that are still on their way: a connection is made over all of them. */
  readonly awaited: () => AwaitedBlocks | undefined
  readonly onFailed: (error: DatabaseError) => void
  /** A rule of our own was broken: there is nothing to try again. */
  readonly onBroken: (error: unknown) => void
}

export class Rebuilder {
  readonly #ports: RebuilderPorts
  #isRunning = false
  #isWanted = false
  #isStopped = false

  constructor(ports: RebuilderPorts) {
    this.#ports = ports
  }

  /** Begins, or has the one that runs begin once more: the view has changed under it. */
  want(): void {
    this.#isWanted = true
    if (!this.#isRunning) void this.#run()
  }

  /** No further attempt is begun. */
  stop(): void {
    this.#isStopped = true
  }

  async #run(): Promise<void> {
    const { executor, clock } = this.#ports
    this.#isRunning = true
    executor.pause(true)
    let pauseMs: number = limits.backoffMs
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false
      if (await this.#try()) continue
      this.#isWanted = true
      await new Promise<void>((resolve) => void clock.after(pauseMs, resolve, { keepsAlive: false }))
      pauseMs = Math.min(pauseMs * 2, limits.backoffMsMax)
    }
    this.#isRunning = false
    executor.pause(false)
  }

  async #try(): Promise<boolean> {
    const { flusher, engine, onFailed, onBroken } = this.#ports
    try {
      if (flusher.isVoidOwed) await flusher.retryVoid()
      if (flusher.isVoidOwed) return false
      await this.#ports.awaited()?.all()
      await engine.rebuild()
      return true
    } catch (error) {
      if (isDatabaseError(error)) onFailed(error)
      else onBroken(error)
      return false
    }
  }
}
