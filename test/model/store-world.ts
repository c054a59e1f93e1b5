/**
 * One BlockStore on one simulated disk, driven step by step, and beside it the history of what its callers know.
 * Contents are made from a running number, so that equal steps after equal steps leave equal disks.
 */
import { isDatabaseError } from '../../src/errors.ts'
import type { BlockStore, CheckpointOptions, Group } from '../../src/storage/block-store.ts'
import { blockNo, txid } from '../../src/units.ts'
import { imageAfter } from './crash-images.ts'
import { type OpenStore, openStore } from './open-store.ts'
import { assertPlainHome } from './plain-home.ts'
import {
  type History,
  lastState,
  newHistory,
  observe,
  type StoreState,
  withDurable,
  withInvoked,
  withRecovered,
  withVoided,
} from './reference.ts'
import { SimDisk } from './sim-disk.ts'

export const blockBytes = 4096
/** Of the exhaustive tests: few blocks, so that every commit meets an earlier one. */
export const smallBounds = { blockMax: 3, requestMax: 24 }

/** `relaxed` appends and does not ask for a barrier; the other commits do. `torn`: power loss in the middle of a commit, and reopened. */
export type Step = 'one' | 'two' | 'free' | 'truncate' | 'checkpoint' | 'reopen' | 'relaxed' | 'torn'

export interface WorldOptions {
  readonly bounds?: typeof smallBounds
  /** The store under test, or a mutant of it. */
  readonly open?: OpenStore
}

/** A commit to be made: numbers of blocks, and how many transactions are in the group. */
export interface GroupShape {
  readonly written: readonly number[]
  readonly freed?: readonly number[]
  readonly sizeBlocks: number
  readonly transactions?: number
}

export class StoreWorld {
  disk: SimDisk
  history: History = newHistory()
  /** Epoch of the open store; 0 before the first. */
  epoch = 0
  /** An append or a barrier failed and its outcome is unknown: `voidAfterFailure` is owed. */
  isVoidOwed = false
  /** Everything up to here was answered at its level, be it relaxed. */
  answeredTxid = 0
  /** What a record that was appended last says of itself: everything up to here was durable when it was built. */
  durableThrough = 0
  readonly bounds: typeof smallBounds
  readonly #open: OpenStore
  #store: BlockStore | undefined
  #made = 0

  constructor(disk: SimDisk, options: WorldOptions = {}) {
    this.disk = disk
    this.bounds = options.bounds ?? smallBounds
    this.#open = options.open ?? openStore
  }

  get store(): BlockStore {
    if (this.#store === undefined) throw new RangeError('the store is not open')
    return this.#store
  }

  get isOpen(): boolean {
    return this.#store !== undefined
  }

  async open(): Promise<void> {
    const store = await this.#open(this.disk)
    this.#store = store
    this.epoch = store.epoch
    this.answeredTxid = store.positions.writtenTxid
    this.isVoidOwed = false
  }

  async close(): Promise<void> {
    const store = this.store
    this.#store = undefined
    try {
      await store.close({})
    } catch (error) {
      store.abandon()
      throw error
    }
    this.history = withDurable(this.history, lastState(this.history).txid)
    assertPlainHome(this.disk, lastState(this.history), blockBytes)
  }

  /** The process goes on without its store, as after a failure that it gives up on. */
  abandon(): void {
    this.#store?.abandon()
    this.#store = undefined
  }

  observe(): StoreState {
    return observe(this.store, this.bounds)
  }

  /** Whether the step has something to work on. */
  canDo(step: Step): boolean {
    const { sizeBlocks } = lastState(this.history)
    return (step !== 'truncate' || sizeBlocks > 0) && (step !== 'free' || this.#firstLive() !== undefined)
  }

  async do(step: Step): Promise<void> {
    if (step === 'checkpoint') return this.checkpoint({ everything: true })
    if (step === 'reopen') {
      await this.close()
      return this.open()
    }
    const group = this.groupFor(step)
    await this.append(group)
    if (step === 'torn') return this.#reopenTorn()
    if (step === 'relaxed') await this.confirm()
    else await this.barrier()
  }

  groupFor(step: Exclude<Step, 'checkpoint' | 'reopen'>): Group {
    const { txid: last, sizeBlocks } = lastState(this.history)
    const first = last % this.bounds.blockMax
    if (step === 'free') return this.groupOf({ written: [], freed: [this.#firstLive() ?? 0], sizeBlocks })
    if (step === 'truncate') return this.groupOf({ written: [], sizeBlocks: sizeBlocks - 1 })
    const written = step === 'two' ? [first, (first + 1) % this.bounds.blockMax] : [first]
    return this.groupOf({ written, sizeBlocks: Math.max(sizeBlocks, ...written.map((at) => at + 1)) })
  }

  groupOf({ written, freed = [], sizeBlocks, transactions = 1 }: GroupShape): Group {
    const made = ++this.#made
    const first = lastState(this.history).txid + 1
    const last = txid(first + transactions - 1)
    return {
      firstTxid: txid(first),
      lastTxid: last,
      sizeBlocks,
      blocks: new Map(written.map((at) => [blockNo(at), contentOf(at, made)])),
      freed: new Set(freed.map(blockNo)),
      requests: [{ clientId: 'client', requestNo: last, txid: last, answer: `"${made}"` }],
      timeMs: 1_700_000_000_000 + made,
    }
  }

  async append(group: Group): Promise<void> {
    const before = lastState(this.history).txid
    const { durableTxid } = this.history
    this.history = withInvoked(this.history, group)
    try {
      await this.watch(async () => this.store.append(group))
      this.durableThrough = durableTxid
    } catch (error) {
      if (!this.isVoidOwed) this.history = withVoided(this.history, before)
      throw error
    }
  }

  async barrier(): Promise<void> {
    await this.watch(async () => this.store.barrier({ mayWait: false }))
    await this.confirm()
    this.history = withDurable(this.history, lastState(this.history).txid)
  }

  /** The last thing before callers are answered. */
  async confirm(): Promise<void> {
    await this.watch(async () => this.store.confirmEpoch())
    this.answeredTxid = lastState(this.history).txid
  }

  async checkpoint(options: CheckpointOptions): Promise<void> {
    await this.watch(async () => this.store.checkpoint(options))
  }

  /** Takes note when the outcome of a call is unknown; without that a call that failed did nothing. */
  async watch(run: () => Promise<unknown>): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (isDatabaseError(error) && error.outcome === 'unknown') this.isVoidOwed = true
      throw error
    }
  }

  /** What a failed append or barrier owes: afterwards what the store does not have never happened. */
  async voidAfterFailure(): Promise<void> {
    const { lost } = await this.store.voidAfterFailure()
    this.isVoidOwed = false
    this.epoch = this.store.epoch
    const position = this.store.positions.writtenTxid
    if (lost === undefined && position < this.answeredTxid)
      throw new Error(`E1: lost in silence: ${position + 1} … ${this.answeredTxid}`)
    if (lost !== undefined && lost.from !== position + 1)
      throw new Error(`E1: ${position} is the last, lost from ${lost.from}`)
    this.answeredTxid = position
    this.history = withDurable(withVoided(this.history, position), position)
  }

  /** The last write reached the medium by half; the ones before it did. */
  async #reopenTorn(): Promise<void> {
    const { disk } = this
    const point = disk.crashPoint()
    const last = point.ops.findLastIndex(({ kind }) => kind === 'write')
    this.disk = new SimDisk(
      imageAfter(
        point,
        point.ops.map((_, at) => (at === last ? 'firstHalf' : 'kept')),
      ),
    )
    this.disk.onChange = disk.onChange
    disk.powerOff()
    await this.open()
    this.history = withRecovered(this.history, this.observe())
  }

  #firstLive(): number | undefined {
    const { blocks, sizeBlocks, txid: last } = lastState(this.history)
    const numbers = Array.from({ length: this.bounds.blockMax }, (_, offset) => (last + offset) % this.bounds.blockMax)
    return numbers.find((at) => at < sizeBlocks && blocks.get(at)?.isTombstone === false)
  }
}

/** Each sector different; block 0 bears the two bytes that SQLite's header has there without WAL. */
export function contentOf(at: number, made: number): Uint8Array {
  const bytes = new Uint8Array(blockBytes)
  const words = new Uint32Array(bytes.buffer)
  for (let word = 0; word < words.length; word++) words[word] = Math.imul(word + 1, 0x9e3779b1) ^ (made * 8 + at + 1)
  if (at === 0) bytes.fill(1, 18, 20)
  return bytes
}
