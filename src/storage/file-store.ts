/**
 * The block store over a file system: one reign, from recovery to `close`. Made by recover.ts.
 *
 *   append → log record        barrier → fdatasync of the log        checkpoint → home and table        close → a plain SQLite file
 *
 * An error while a record is written, or at a barrier, poisons the log: nothing is appended until `voidAfterFailure` has begun a new
 * series. A commit counts as acknowledged once `confirmEpoch` has passed after it; what was not is void then.
 */
import { DatabaseError } from '../errors.ts'
import type { Awaitable, BlockNo, Epoch } from '../units.ts'
import { blockInfoOf } from './block-entry.ts'
import type {
  Appended,
  BlockInfo,
  BlockStore,
  CheckpointOptions,
  CheckpointResult,
  EpochEnd,
  Group,
  OutcomeLookup,
  Snapshot,
  StorePositions,
  StoreStatistics,
  VerifyOptions,
  VerifyReport,
  Voided,
} from './block-store.ts'
import { carriedBy } from './carried.ts'
import { checkpoint } from './checkpointer.ts'
import { bodyOf } from './group-body.ts'
import { readBack } from './read-back.ts'
import { closeFiles, type StoreParts } from './store-parts.ts'
import { verifyStore } from './verify-store.ts'
import { beginSeries } from './void-series.ts'
import { unknownOutcome, WriteGuard } from './write-guard.ts'

export class FileStore implements BlockStore {
  readonly storeId: string
  readonly blockSize: number
  readonly #parts: StoreParts
  readonly #guard: WriteGuard
  #isClosed = false
  /** Raised with every new series: work that began before it does not go on. */
  #series = 0
  #checkpointing: Promise<CheckpointResult> | undefined

  constructor(parts: StoreParts) {
    this.#parts = parts
    this.storeId = parts.storeId
    this.blockSize = parts.blockSize
    this.#guard = new WriteGuard(parts.log.lastTxid)
  }

  get epoch(): Epoch {
    return this.#parts.header.current.epoch
  }

  get sizeBlocks(): number {
    return this.#parts.log.sizeBlocks
  }

  get positions(): StorePositions {
    return this.#guard.positionsOf(this.#found)
  }

  get #found(): StorePositions {
    const { log, header } = this.#parts
    const { checkpointedTxid } = header.current
    return { writtenTxid: log.lastTxid, durableTxid: log.durableTxid, checkpointedTxid }
  }

  get epochEnds(): readonly EpochEnd[] {
    return this.#parts.header.current.epochEnds
  }

  get statistics(): StoreStatistics {
    const { log, home, cache, meter } = this.#parts
    return { logBytes: log.bytes, homeBytes: this.#isClosed ? 0 : home.bytes, cacheBytes: cache.bytes, ...meter }
  }

  get isCheckpointDue(): boolean {
    const { log, home, limits } = this.#parts
    return (
      log.bytes > Math.max(limits.checkpointBytes, home.bytes / 4) ||
      (log.segments.length > 2 && log.spares.length === 0)
    )
  }

  read(blockNo: BlockNo, into: Uint8Array): void {
    this.#assertOpen()
    this.#parts.reader.read(blockNo, into)
  }

  blockInfo(blockNo: BlockNo): BlockInfo | undefined {
    const entry = this.#parts.reader.entryOf(blockNo)
    return entry && blockInfoOf(blockNo, entry)
  }

  append(group: Group): Appended {
    this.#assertWritable()
    const { log, requests, cache, reader } = this.#parts
    const body = bodyOf(this.#parts, group)
    if (log.wantsSwitch(body)) this.#beginSegment()
    reader.noteChange(body.blockNos)
    const { bytes } = this.#guard.writing(() => log.append(body))
    this.#guard.appended(group.firstTxid)
    requests.apply(group.requests)
    const written = group.blocks.size
    for (let index = 0; index < body.blockNos.length; index++) {
      const at = body.blockNos[index] as BlockNo
      const image = index < written ? body.images[index] : undefined
      if (image === undefined) cache.delete(at)
      else cache.set(at, image)
    }
    return { bytes, blocks: written }
  }

  barrier({ mayWait }: { readonly mayWait: boolean }): Awaitable<void> {
    this.#assertWritable()
    const { log } = this.#parts
    if (!log.hasUnflushed) return
    const series = this.#series
    try {
      const pending = log.barrier({ mayWait })
      return pending?.then(
        () => this.#assertWritable(),
        (error: unknown) => {
          throw series === this.#series ? this.#guard.poisonedBy(error) : error
        },
      )
    } catch (error) {
      throw this.#guard.poisonedBy(error)
    }
  }

  confirmEpoch(): Awaitable<void> {
    this.#assertOpen()
    const { log, header, presence } = this.#parts
    const ours = () => {
      this.#assertOpen()
      header.assertEpoch()
    }
    return this.#guard.confirming(log.lastTxid, () => presence?.assert()?.then(ours) ?? ours())
  }

  readBack(): Awaitable<void> {
    this.#assertOpen()
    const { log } = this.#parts
    return this.#guard.checking(log.lastTxid, () => readBack(log, this.storeId))
  }

  async voidAfterFailure(): Promise<Voided> {
    this.#assertOpen()
    const { log, reader, cache } = this.#parts
    this.#series++
    this.#guard.beginVoid()
    await this.#checkpointing?.catch(() => undefined)
    const keepThrough = this.#guard.keptThrough(this.#found)
    this.#parts.header.assertEpoch()
    reader.breakPins()
    const lost = await beginSeries(this.#parts, keepThrough)
    cache.clear()
    this.#guard.settled(log.lastTxid)
    return { epoch: this.epoch, ...(lost === undefined ? {} : { lost }) }
  }

  checkpoint(options: CheckpointOptions): Promise<CheckpointResult> {
    const again = () => this.checkpoint(options)
    if (this.#checkpointing !== undefined) return this.#checkpointing.then(again, again)
    const run = this.#checkpoint(options).finally(() => {
      this.#checkpointing = undefined
    })
    this.#checkpointing = run
    return run
  }

  async #checkpoint(options: CheckpointOptions): Promise<CheckpointResult> {
    this.#assertWritable()
    this.#parts.header.assertEpoch()
    const series = this.#series
    const stillOurs = () => {
      this.#assertWritable()
      this.#parts.header.assertEpoch()
      if (series !== this.#series) throw unknownOutcome('the checkpoint was interrupted by a new series')
    }
    const barrier = async () => {
      await this.barrier({ mayWait: true })
      // What is folded cannot be made void any more: the epoch is read after its barrier, as before an answer.
      stillOurs()
      this.#guard.confirmed(this.#parts.log.durableTxid)
    }
    const beginSegment = () => this.#beginSegment()
    return checkpoint(this.#parts, options, { isDue: this.isCheckpointDue, beginSegment, barrier, stillOurs })
  }

  verify(options: VerifyOptions): Promise<VerifyReport> {
    return verifyStore(this.#parts, options, () => this.#assertOpen())
  }

  pin(): Snapshot {
    this.#assertOpen()
    return this.#parts.reader.pin()
  }

  outcomeOf(request: { readonly clientId: string; readonly requestNo: number }): OutcomeLookup {
    return this.#parts.requests.lookUp(request, this.epoch)
  }

  async close(options: CheckpointOptions): Promise<void> {
    this.#assertWritable()
    const { reader, log, header, home, presence } = this.#parts
    reader.breakPins()
    await presence?.look()
    await this.checkpoint({ ...options, everything: true })
    if (log.lastTxid > header.current.checkpointedTxid)
      throw unknownOutcome('commits were appended while the store was closing')
    header.assertEpoch()
    home.cutTo(log.sizeBlocks)
    await header.write({ isClean: true, isPlain: true, durableThrough: log.durableTxid })
    await home.unguard()
    this.abandon()
  }

  abandon(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#series++
    this.#parts.reader.breakPins()
    this.#parts.presence?.stop()
    closeFiles(this.#parts.files)
  }

  /** One that is half begun would make void what is appended behind the record that it names: then a new series is owed. */
  #beginSegment(): void {
    const { header, log } = this.#parts
    header.assertEpoch()
    header.assertCopied()
    this.#guard.writing(() => log.startSegment(this.epoch, carriedBy(this.#parts)))
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new DatabaseError('DATABASE_CLOSED', 'the store is closed')
  }

  #assertWritable(): void {
    this.#assertOpen()
    this.#guard.assertSound()
  }
}
