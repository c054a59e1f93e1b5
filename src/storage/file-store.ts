/**
 * The block store over a file system: one reign, from recovery to `close`. Made by recover.ts.
 *
 *   append → log record        barrier → fdatasync of the log        checkpoint → home and table        close → a plain SQLite file
 *
 * An error while a record is written, or at a barrier, poisons the log: nothing is appended until `voidAfterFailure` has begun a new
 * series. A commit counts as acknowledged once `confirmEpoch` has passed after it; what was not is void then.
 */
import { assert } from '../assert.ts'
import { DatabaseError, isDatabaseError } from '../errors.ts'
import { type Awaitable, type BlockNo, type Epoch, type Txid, txid } from '../units.ts'
import { type BlockEntry, blockInfoOf } from './block-entry.ts'
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
import { algorithmIds, checksumById } from './checksum.ts'
import { checkpoint } from './checkpointer.ts'
import type { RecordBody } from './commit-log.ts'
import { readBack } from './read-back.ts'
import { encodeRequests } from './request-table.ts'
import { closeFiles, type StoreParts } from './store-parts.ts'
import { verifyStore } from './verify-store.ts'
import { beginSeries } from './void-series.ts'

export class FileStore implements BlockStore {
  readonly storeId: string
  readonly blockSize: number
  readonly #parts: StoreParts
  #poison: DatabaseError | undefined
  #isClosed = false
  /** Raised with every new series: work that began before it does not go on. */
  #series = 0
  #checkpointing: Promise<CheckpointResult> | undefined
  /** Last transaction that a caller may have been answered. */
  #confirmedTxid: Txid
  #lastFirstTxid: Txid
  /** The record that did not read back, or whose epoch could not be confirmed, begins here. */
  #suspectFrom: Txid | undefined

  constructor(parts: StoreParts) {
    this.#parts = parts
    this.storeId = parts.storeId
    this.blockSize = parts.blockSize
    this.#confirmedTxid = parts.log.lastTxid
    this.#lastFirstTxid = parts.log.lastTxid
  }

  get epoch(): Epoch {
    return this.#parts.header.current.epoch
  }

  get sizeBlocks(): number {
    return this.#parts.log.sizeBlocks
  }

  get positions(): StorePositions {
    const { log, header } = this.#parts
    return {
      writtenTxid: log.lastTxid,
      durableTxid: log.durableTxid,
      checkpointedTxid: header.current.checkpointedTxid,
    }
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
      (log.spares.length === 0 && log.segments.length > 2)
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
    const body = this.#bodyOf(group)
    if (log.wantsSwitch(body)) this.#switch()
    reader.noteChange(body.blockNos)
    const { bytes } = this.#unlessUnknown(() => log.append(body))
    this.#lastFirstTxid = group.firstTxid
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
        () => this.#assertOpen(),
        (error: unknown) => {
          throw series === this.#series ? this.#poisonedBy(error) : error
        },
      )
    } catch (error) {
      throw this.#poisonedBy(error)
    }
  }

  confirmEpoch(): void {
    this.#assertOpen()
    this.#suspecting(() => this.#assertEpoch())
    this.#confirmedTxid = this.#parts.log.lastTxid
  }

  readBack(): void {
    this.#assertOpen()
    this.#suspecting(() => readBack(this.#parts.log, this.storeId))
  }

  async voidAfterFailure(): Promise<Voided> {
    this.#assertOpen()
    const { log, header, reader, cache } = this.#parts
    this.#poison ??= failed('a new series is being begun', undefined)
    this.#series++
    await this.#checkpointing?.catch(() => undefined)
    this.#assertEpoch()
    reader.breakPins()
    const answered = Math.max(this.#confirmedTxid, log.durableTxid)
    const keepThrough = this.#suspectFrom === undefined ? answered : this.#suspectFrom - 1
    const lost = await beginSeries(this.#parts, txid(Math.max(keepThrough, header.current.checkpointedTxid)))
    cache.clear()
    this.#confirmedTxid = log.lastTxid
    this.#poison = undefined
    this.#suspectFrom = undefined
    return { epoch: this.epoch, ...(lost === undefined ? {} : { lost }) }
  }

  checkpoint(options: CheckpointOptions): Promise<CheckpointResult> {
    if (this.#checkpointing !== undefined) {
      const again = () => this.checkpoint(options)
      return this.#checkpointing.then(again, again)
    }
    const run = this.#checkpoint(options).finally(() => {
      this.#checkpointing = undefined
    })
    this.#checkpointing = run
    return run
  }

  async #checkpoint(options: CheckpointOptions): Promise<CheckpointResult> {
    this.#assertWritable()
    this.#assertEpoch()
    const series = this.#series
    return checkpoint(this.#parts, options, {
      isDue: this.isCheckpointDue,
      barrier: async () => {
        await this.barrier({ mayWait: true })
      },
      stillOurs: () => {
        this.#assertWritable()
        this.#assertEpoch()
        if (series !== this.#series) throw failed('the checkpoint was interrupted by a new series', undefined)
      },
    })
  }

  verify(options: VerifyOptions): Promise<VerifyReport> {
    return verifyStore(this.#parts, options, () => this.#assertOpen())
  }

  pin(): Snapshot {
    this.#assertOpen()
    return this.#parts.reader.pin()
  }

  outcomeOf(request: { readonly clientId: string; readonly requestNo: number }): OutcomeLookup {
    return this.#parts.requests.lookUp(request)
  }

  async close(options: CheckpointOptions): Promise<void> {
    this.#assertWritable()
    const { reader, log, header, home } = this.#parts
    reader.breakPins()
    await this.checkpoint({ ...options, everything: true })
    if (log.lastTxid > header.current.checkpointedTxid)
      throw failed('commits were appended while the store was closing', undefined)
    this.#assertEpoch()
    await header.write({ isClean: true, isPlain: true, durableThrough: log.durableTxid })
    await home.unguard()
    this.abandon()
  }

  abandon(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#series++
    this.#parts.reader.breakPins()
    closeFiles(this.#parts.files)
  }

  #switch(): void {
    this.#assertEpoch()
    this.#unlessUnknown(() => this.#parts.log.startSegment(this.epoch, carriedBy(this.#parts)))
  }

  #bodyOf(group: Group): RecordBody {
    const { reader, checksum } = this.#parts
    const { lastTxid, timeMs } = group
    const algorithmId = algorithmIds[checksum]
    const blockNos: BlockNo[] = []
    const entries: BlockEntry[] = []
    const images: Uint8Array[] = []
    for (const [at, image] of group.blocks) {
      assert(at < group.sizeBlocks, 'a block that is written is part of the database')
      const version = (reader.entryOf(at)?.version ?? 0) + 1
      const sum = checksumById(algorithmId, image) ?? 0n
      blockNos.push(at)
      images.push(image)
      entries.push({ txid: lastTxid, version, checksum: sum, algorithmId, lastModifiedMs: timeMs, isTombstone: false })
    }
    for (const at of this.#givenUpBy(group)) {
      const { version } = reader.entryOf(at) as BlockEntry
      blockNos.push(at)
      entries.push({ txid: lastTxid, version, checksum: 0n, algorithmId: 0, lastModifiedMs: timeMs, isTombstone: true })
    }
    const { firstTxid, sizeBlocks, requests } = group
    return { firstTxid, lastTxid, timeMs, sizeBlocks, blockNos, entries, images, requests: encodeRequests(requests) }
  }

  /** Live blocks that the group frees, and those behind its end. */
  #givenUpBy({ freed, sizeBlocks }: Group): BlockNo[] {
    const { reader, log } = this.#parts
    if (freed.size === 0 && sizeBlocks >= log.sizeBlocks) return []
    const isLive = (at: BlockNo) => reader.entryOf(at)?.isTombstone === false
    const given = [...freed].filter(isLive)
    for (let at = sizeBlocks; at < log.sizeBlocks; at++) if (isLive(at as BlockNo)) given.push(at as BlockNo)
    return given
  }

  /** An error that says that nothing was written passes; any other leaves the outcome unknown. */
  #unlessUnknown<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      if (isDatabaseError(error, 'STORAGE_FULL') && error.outcome === undefined) throw error
      throw this.#poisonedBy(error)
    }
  }

  /** A check after the write failed: what was appended last is not to be trusted, durable or not. */
  #suspecting<T>(check: () => T): T {
    try {
      return check()
    } catch (error) {
      if (this.#parts.log.lastTxid > this.#confirmedTxid) this.#suspectFrom = this.#lastFirstTxid
      throw this.#poisonedBy(error)
    }
  }

  /** A broken rule of our own passes as it is. */
  #poisonedBy(error: unknown): unknown {
    if (!isDatabaseError(error) || error.code === 'LEASE_LOST') return error
    const code = error.code === 'READBACK_MISMATCH' ? error.code : 'STORAGE_FAILED'
    this.#poison = new DatabaseError(code, error.message, { cause: error, details: error.details, outcome: 'unknown' })
    return this.#poison
  }

  /** Before files are written that a newer reign may be using. @throws LEASE_LOST */
  #assertEpoch(): void {
    const { header } = this.#parts
    const ours = header.current.epoch
    const seen = header.readEpoch()
    if (seen !== ours) {
      throw new DatabaseError('LEASE_LOST', `epoch ${seen} is on the medium, ours is ${ours}`, {
        details: { ours, seen },
      })
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new DatabaseError('DATABASE_CLOSED', 'the store is closed')
  }

  #assertWritable(): void {
    this.#assertOpen()
    if (this.#poison !== undefined) throw failed('a write failed before; a new series is owed', this.#poison)
  }
}

const failed = (message: string, cause: unknown) =>
  new DatabaseError('STORAGE_FAILED', message, { cause, outcome: 'unknown' })
