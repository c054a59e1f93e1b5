/**
 * Blocks that are on their way: a store may be open before everything that it keeps in memory has been read. Until then
 *
 *   a block that is there        is read like any other
 *   one that is not              stops its reader with BlockAwaited; who waits for it runs again from the beginning
 *   anything that would write    waits for all of them: nothing is sealed or appended before
 */
import { DatabaseError } from '../errors.ts'
import type { BlockNo } from '../units.ts'

/** What is not there yet. Both promises begin to read at once what they wait for, again if that has failed before. */
export interface AwaitedBlocks {
  /** Resolves when this block can be read. @throws LEASE_LOST, STORE_LOST, STORAGE_FAILED, DATABASE_CLOSED */
  block(at: BlockNo): Promise<void>
  /** Resolves when every block can be read. @throws the same */
  all(): Promise<void>
}

/** Never an answer: whoever runs requests waits and runs the request again. Where nobody does, it says that it may be asked again. */
export class BlockAwaited extends DatabaseError {
  /** Undefined: something would write, which needs all of them. */
  readonly at: BlockNo | undefined

  constructor(at?: BlockNo) {
    super('STORAGE_FAILED', 'the database is still being read from the medium', { retryable: true })
    this.at = at
  }
}

/** The wait that stopped what ended in `error`, if it was one: it is among the causes of what SQLite made of it. */
export function awaitedIn(error: unknown): BlockAwaited | undefined {
  if (error instanceof BlockAwaited) return error
  return error instanceof DatabaseError ? awaitedIn(error.cause) : undefined
}

/** Does `work`, and again whenever it was stopped by a block that is on its way. @throws what `work` throws, and `AwaitedBlocks.block` */
export async function untilThere<T>(awaited: () => AwaitedBlocks | undefined, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const stopped = awaitedIn(error)
      if (stopped === undefined) throw error
      await (stopped.at === undefined ? awaited()?.all() : awaited()?.block(stopped.at))
    }
  }
}
