/**
 * Reads the segments of a home into memory: those that somebody waits for at once, the others in order behind them.
 *
 *   lazily ─▶ read(some) │ block(one) ─▶ …       all() ─▶ batch after batch ─▶ whole
 *
 * Every reading is one transaction that reads the fence too: what it finds was not changed by a later reign. A reading that fails tells
 * everyone who waits for it; whoever asks next begins it again.
 */
import { DatabaseError } from '../../errors.ts'
import type { BlockNo, Epoch } from '../../units.ts'
import type { AwaitedBlocks } from '../awaited.ts'
import type { Connection } from './connection.ts'
import { superseded } from './fenced-write.ts'
import { failureOf } from './failures.ts'
import { reading } from './reading.ts'
import type { ResidentBlocks } from './resident-blocks.ts'
import { BATCH_BYTES, fenceOf, headerKeys } from './schema.ts'

export interface LoadingOptions {
  readonly connection: Connection
  /** The reign whose database it is. */
  readonly reign: Epoch
  readonly blocks: ResidentBlocks
  /** One reading in the background: what somebody waits for comes after at most one of these. */
  readonly stepBytes: number
}

export class Loading implements AwaitedBlocks {
  readonly #options: LoadingOptions
  #all: Promise<void> | undefined
  #isStopped = false

  constructor(options: LoadingOptions) {
    this.#options = options
  }

  get isWhole(): boolean {
    return this.#options.blocks.awaited.size === 0
  }

  block(at: BlockNo): Promise<void> {
    return this.read([this.#options.blocks.slabOf(at)])
  }

  all(): Promise<void> {
    this.#all ??= this.#inSteps().finally(() => {
      this.#all = undefined
    })
    return this.#all
  }

  /** Reads those of the segments that are not there yet, as many at once as memory is meant for. @throws what `block` throws */
  async read(segments: Iterable<number>): Promise<void> {
    const { awaited } = this.#options.blocks
    const wanted = [...new Set(segments)].filter((no) => awaited.has(no)).sort((a, b) => a - b)
    for (const batch of this.#batches(wanted, BATCH_BYTES)) await this.#readBatch(batch)
  }

  /** Nothing more is read; those who wait are told that the store is closed. */
  stop(): void {
    this.#isStopped = true
  }

  async #inSteps(): Promise<void> {
    const { blocks, stepBytes } = this.#options
    for (const batch of this.#batches([...blocks.awaited], stepBytes)) await this.#readBatch(batch)
  }

  *#batches(segments: readonly number[], bytes: number): Generator<readonly number[]> {
    const { perSlab, blockSize } = this.#options.blocks
    const count = Math.max(1, Math.floor(bytes / (perSlab * blockSize)))
    for (let first = 0; first < segments.length; first += count) yield segments.slice(first, first + count)
  }

  async #readBatch(batch: readonly number[]): Promise<void> {
    this.#assertOpen()
    const { connection, reign, blocks } = this.#options
    const missing = batch.filter((no) => blocks.awaited.has(no))
    if (missing.length === 0) return
    const runs = runsOf(missing)
    const [fence, ...found] = await reading(connection, async (database) => {
      const tx = database.transaction(['header', 'segments'])
      const [header, segments] = [tx.objectStore('header'), tx.objectStore('segments')]
      const ranges = runs.map(async ([first, last]) => segments.getAll(IDBKeyRange.bound(first, last)))
      return Promise.all([header.get(headerKeys.fence), ...ranges])
    })
    this.#assertOpen()
    const now = fenceOf(fence)
    if (now === undefined) throw failureOf(null, 'read', 'deleted')
    if (now.reign !== reign) throw superseded(now.epoch)
    const values = found.flat()
    if (values.length !== missing.length) throw segmentGone(missing.length - values.length)
    // Somebody else may have waited for the same one: what is there already may have changed since.
    for (const [index, no] of missing.entries())
      if (blocks.awaited.has(no)) blocks.load(no, values[index] ?? new Uint8Array(0))
  }

  #assertOpen(): void {
    if (this.#isStopped) throw new DatabaseError('DATABASE_CLOSED', 'the store is closed')
  }
}

/** Numbers that follow each other, as their first and last. */
function runsOf(numbers: readonly number[]): readonly (readonly [first: number, last: number])[] {
  const runs: [number, number][] = []
  for (const no of numbers) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] + 1 === no) run[1] = no
    else runs.push([no, no])
  }
  return runs
}

/** It was there when the store was opened, and nobody who is fenced can have deleted it. */
const segmentGone = (count: number) =>
  new DatabaseError('HOME_CORRUPT', `segments: ${count} of those that were there are gone`, { details: { count } })
