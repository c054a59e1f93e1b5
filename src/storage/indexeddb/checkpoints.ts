/** When a fold may begin, one at a time, and what it has touched. */
import { type Txid, txid } from '../../units.ts'
import type { CheckpointOptions, CheckpointResult } from '../block-store.ts'
import { beginFold, nothingFolded, runFold } from './checkpoint.ts'
import type { Parts } from './parts.ts'

export interface CheckpointPorts {
  /** Steps of one checkpoint: each runs between commits, and none after the store was closed or a new series was begun. */
  readonly beginSteps: () => <T>(work: () => Promise<T>) => Promise<T>
  /** Inside a step: everything written is durable then. */
  readonly barrier: () => Promise<void>
}

export class Checkpoints {
  readonly #parts: Parts
  readonly #ports: CheckpointPorts
  #running: Promise<CheckpointResult> | undefined
  #foldedThrough: Txid = txid(0)

  constructor(parts: Parts, ports: CheckpointPorts) {
    this.#parts = parts
    this.#ports = ports
  }

  /** A fold may have put this into the home, whether it ended or not: it cannot be void any more. */
  get foldedThrough(): Txid {
    return this.#foldedThrough
  }

  run(options: CheckpointOptions): Promise<CheckpointResult> {
    if (this.#running !== undefined) {
      const again = () => this.run(options)
      return this.#running.then(again, again)
    }
    const run = this.#run(options).finally(() => {
      this.#running = undefined
    })
    this.#running = run
    return run
  }

  /** Resolves when none is under way, however it ended. */
  async ended(): Promise<void> {
    await this.#running?.catch(() => undefined)
  }

  async #run({ pause = async () => undefined }: CheckpointOptions): Promise<CheckpointResult> {
    const step = this.#ports.beginSteps()
    const fold = await step(async () => {
      await this.#ports.barrier()
      const { log, resident, unfolded } = this.#parts.state
      // A repair has changed blocks or pages without a record.
      if (resident.hasSnapshots || (log.records.length === 0 && unfolded.size === 0)) return undefined
      await this.#parts.state.loading.all()
      this.#foldedThrough = log.lastTxid
      return beginFold(this.#parts)
    })
    return fold === undefined ? nothingFolded(this.#parts) : runFold(fold, { step, pause })
  }
}
