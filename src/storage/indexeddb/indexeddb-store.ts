/**
 * The block store over IndexedDB: one reign, from recovery to `close`. Made by session.ts.
 *
 *   append → one transaction, durable if a barrier is to follow     barrier → a marker, strictly     checkpoint → fold
 *
 * Memory holds the database as of the last transaction that ended with `complete`; it never runs ahead of the medium. All that is
 * written goes through one queue, so that a commit waits for at most one step of anything else.
 */
import { DatabaseError } from '../../errors.ts'
import { type Awaitable, type BlockNo, type Epoch, txid } from '../../units.ts'
import type { AwaitedBlocks } from '../awaited.ts'
import { blockInfoOf } from '../block-entry.ts'
import type * as Port from '../block-store.ts'
import { bodyOf } from '../group-body.ts'
import { RecordEncoder } from '../record.ts'
import { unknownOutcome, WriteGuard } from '../write-guard.ts'
import { Checkpoints } from './checkpoints.ts'
import { confirmFence, putMarker, readBackLast, writeClean } from './fence-checks.ts'
import { guardedWrite } from './guarded.ts'
import type { Parts } from './parts.ts'
import { isFoldDue, statisticsOf } from './statistics.ts'
import { settleHeader } from './settle-header.ts'
import { verifyBlocks } from './verify-blocks.ts'
import { voidBehind } from './void-behind.ts'
import { writeRecord } from './write-record.ts'
import { WriteQueue } from './write-queue.ts'

export class IndexedDbStore implements Port.BlockStore {
  readonly storeId: string
  readonly blockSize: number
  readonly #parts: Parts
  readonly #guard: WriteGuard
  readonly #encoder: RecordEncoder
  readonly #queue = new WriteQueue()
  readonly #checkpoints: Checkpoints
  #isClosed = false
  /** Raised with every new series: work that began before it does not go on. */
  #series = 0
  /** The last transaction has read the fence, and nobody has been answered for it yet. */
  #isFenceFresh = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.storeId = parts.header.storeId
    this.blockSize = parts.header.blockSize
    this.#guard = new WriteGuard(parts.state.log.lastTxid)
    this.#encoder = new RecordEncoder(this.storeId, this.blockSize)
    this.#checkpoints = new Checkpoints(parts, { beginSteps: () => this.#beginSteps(), barrier: () => this.#barrier() })
  }

  get epoch(): Epoch {
    return this.#parts.header.epoch
  }

  get sizeBlocks(): number {
    return this.#parts.state.resident.sizeBlocks
  }

  get positions(): Port.StorePositions {
    return this.#guard.positionsOf(this.#found, this.#checkpoints.foldedThrough)
  }

  get #found(): Port.StorePositions {
    const { state, header } = this.#parts
    const { lastTxid, durableTxid } = state.log
    return { writtenTxid: lastTxid, durableTxid, checkpointedTxid: header.checkpointedTxid }
  }

  get epochEnds(): readonly Port.EpochEnd[] {
    return this.#parts.header.epochEnds
  }

  get statistics(): Port.StoreStatistics {
    return statisticsOf(this.#parts)
  }

  get isCheckpointDue(): boolean {
    return isFoldDue(this.#parts)
  }

  get awaited(): AwaitedBlocks | undefined {
    const { loading } = this.#parts.state
    return loading.isWhole ? undefined : loading
  }

  read(blockNo: BlockNo, into: Uint8Array): void {
    this.#assertOpen()
    this.#parts.state.resident.read(blockNo, into)
  }

  blockInfo(blockNo: BlockNo): Port.BlockInfo | undefined {
    const entry = this.#parts.state.resident.entryOf(blockNo)
    return entry && blockInfoOf(blockNo, entry)
  }

  async append(
    group: Port.Group,
    { needsBarrier }: Port.AppendOptions = { needsBarrier: false },
  ): Promise<Port.Appended> {
    return this.#run(async () => {
      this.#assertWritable()
      await this.awaited?.all()
      const { state, header, checksum } = this.#parts
      const { resident, log, requests } = state
      const body = bodyOf({ reader: resident, log: resident, checksum }, group)
      resident.blocks.assertFits(group.blocks.keys())
      const input = { ...body, epoch: header.epoch, durableThrough: log.durableTxid, prev: log.hash }
      const durability = needsBarrier ? 'strict' : 'relaxed'
      const record = await this.#writing(() => writeRecord(this.#parts, this.#encoder, input, durability))
      const { blockNos, entries, images, sizeBlocks } = body
      const imageOf = (index: number) => ({ bytes: images[index] ?? new Uint8Array(0), isVerified: true })
      resident.apply({ blockNos, entries, imageOf, sizeBlocks })
      for (const at of blockNos) state.unfolded.add(at)
      log.add(record)
      requests.apply(group.requests)
      if (needsBarrier) log.raiseDurable(record.lastTxid)
      this.#guard.appended(group.firstTxid)
      this.#isFenceFresh = true
      return { bytes: record.bytes, blocks: images.length }
    })
  }

  barrier(_: { readonly mayWait: boolean }): Awaitable<void> {
    this.#assertWritable()
    if (!this.#parts.state.log.hasUnflushed) return undefined
    return this.#run(async () => {
      await this.#barrier()
      this.#isFenceFresh = true
    })
  }

  /** A strict transaction makes durable what was written before it. */
  async #barrier(): Promise<void> {
    this.#assertWritable()
    const { log } = this.#parts.state
    if (!log.hasUnflushed) return
    const through = log.lastTxid
    await this.#writing(() => putMarker(this.#parts, through))
    log.raiseDurable(through)
  }

  /** What a flush has just written has read the fence in its own transaction: that is confirmed once without asking the medium again. */
  confirmEpoch(): Awaitable<void> {
    this.#assertOpen()
    const { lastTxid } = this.#parts.state.log
    if (this.#isFenceFresh) {
      this.#isFenceFresh = false
      return this.#guard.confirmed(lastTxid)
    }
    return this.#guard.confirming(lastTxid, () => confirmFence(this.#parts))
  }

  async readBack(): Promise<void> {
    this.#assertOpen()
    await this.#guard.checking(this.#parts.state.log.lastTxid, () => readBackLast(this.#parts))
  }

  async voidAfterFailure(): Promise<Port.Voided> {
    this.#assertOpen()
    this.#series++
    this.#guard.beginVoid()
    await this.#checkpoints.ended()
    return this.#queue.run(async () => {
      this.#assertOpen()
      const keepThrough = txid(Math.max(this.#guard.keptThrough(this.#found), this.#checkpoints.foldedThrough))
      this.#parts.state.resident.breakSnapshots()
      const lost = await voidBehind(this.#parts, keepThrough)
      this.#isFenceFresh = false
      this.#guard.settled(this.#parts.state.log.lastTxid)
      return { epoch: this.epoch, ...(lost === undefined ? {} : { lost }) }
    })
  }

  checkpoint(options: Port.CheckpointOptions): Promise<Port.CheckpointResult> {
    return this.#checkpoints.run(options)
  }

  verify(options: Port.VerifyOptions): Promise<Port.VerifyReport> {
    this.#assertOpen()
    return verifyBlocks(this.#parts, options, (work) => this.#run(work))
  }

  pin(): Port.Snapshot {
    this.#assertOpen()
    const { resident, log } = this.#parts.state
    return resident.pin(log.lastTxid)
  }

  outcomeOf(request: { readonly clientId: string; readonly requestNo: number }): Port.OutcomeLookup {
    return this.#parts.state.requests.lookUp(request, this.epoch)
  }

  async close(options: Port.CheckpointOptions): Promise<void> {
    this.#assertWritable()
    this.#parts.state.resident.breakSnapshots()
    await this.checkpoint({ ...options, everything: true })
    await this.#run(async () => {
      const { state, header } = this.#parts
      if (state.log.lastTxid > header.checkpointedTxid)
        throw unknownOutcome('commits were appended while the store was closing')
      await this.#writing(() => writeClean(this.#parts))
    })
    this.abandon()
  }

  abandon(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#series++
    this.#parts.state.loading.stop()
    this.#parts.state.resident.breakSnapshots()
    this.#parts.connection.close()
  }

  /** After everything that was asked for before, on a header that is known. */
  #run<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      this.#assertOpen()
      await settleHeader(this.#parts)
      return work()
    })
  }

  #beginSteps() {
    this.#assertWritable()
    const series = this.#series
    return <T>(work: () => Promise<T>): Promise<T> =>
      this.#run(async () => {
        this.#assertWritable()
        if (series !== this.#series) throw unknownOutcome('the checkpoint was interrupted by a new series')
        return work()
      })
  }

  /** Memory of a store that was left meanwhile does not move. */
  async #writing<T>(write: () => Promise<T>): Promise<T> {
    const written = await guardedWrite(this.#guard, write)
    this.#assertOpen()
    return written
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new DatabaseError('DATABASE_CLOSED', 'the store is closed')
  }

  #assertWritable(): void {
    this.#assertOpen()
    this.#guard.assertSound()
  }
}
