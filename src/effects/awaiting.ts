/**
 * A request that met a block which is still on its way is stopped, waits at the head of the queue, and runs again from its beginning. Nothing
 * can be sealed before all blocks are there, so that what was stopped has left no trace.
 *
 *   run ─ BlockAwaited ─▶ rolled back, back to the head ─▶ the block is there ─▶ run        and after TRIES of them: all are there ─▶ run
 */
import { type AwaitedBlocks, awaitedIn } from '../storage/awaited.ts'

/** A request that needs many blocks would run as many times: it waits for all of them instead. */
const TRIES = 8

export class Awaiting<E extends object> {
  readonly #awaited: () => AwaitedBlocks | undefined
  readonly #tries = new WeakMap<E, number>()

  constructor(awaited: () => AwaitedBlocks | undefined) {
    this.#awaited = awaited
  }

  /** What this entry has to wait for before it runs; undefined: nothing. `isWhole`: it cannot be run again, so it waits for everything. */
  before({ isWhole }: { readonly isWhole: boolean }): Promise<void> | undefined {
    return isWhole ? this.#awaited()?.all() : undefined
  }

  /** What `entry`, which ended in `error`, has to wait for before it runs again; undefined: it has ended. */
  after(entry: E, error: unknown): Promise<void> | undefined {
    const stopped = awaitedIn(error)
    if (stopped === undefined) return undefined
    const tries = (this.#tries.get(entry) ?? 0) + 1
    this.#tries.set(entry, tries)
    const { at } = stopped
    const awaited = this.#awaited()
    // All have come since it was stopped.
    if (awaited === undefined) return Promise.resolve()
    return at === undefined || tries > TRIES ? awaited.all() : awaited.block(at)
  }
}
