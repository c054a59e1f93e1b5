/**
 * A BlockStore in memory, for tests of what lies above the port. Every append is durable at once; nothing is checked, folded or kept.
 * Faults: `failAt` lets the n-th call of `read` or `append` throw, once or from then on.
 */
import { DatabaseError } from '../../../src/errors.ts'
import type { BlockStore, Group } from '../../../src/storage/block-store.ts'
import { blockNo, type BlockNo, epoch, type Txid, txid } from '../../../src/units.ts'

export class MemoryBlockStore implements BlockStore {
  readonly storeId = 'memory'
  readonly epoch = epoch(1)
  readonly isCheckpointDue = false
  readonly epochEnds = []
  readonly blocks = new Map<BlockNo, Uint8Array>()
  readonly blockSize: number
  sizeBlocks = 0
  #txid: Txid = txid(0)
  /** Calls of `read` and `append` so far, and those that were made to fail. */
  callCount = 0
  faultCount = 0
  failAt: { readonly call: number; readonly isLasting: boolean } | undefined

  constructor(blockSize = 4096) {
    this.blockSize = blockSize
  }

  get positions() {
    return { writtenTxid: this.#txid, durableTxid: this.#txid, checkpointedTxid: this.#txid }
  }

  readonly statistics = { logBytes: 0, homeBytes: 0, cacheBytes: 0, checksumFailures: 0, barriers: 0, bytesWritten: 0 }

  read(at: BlockNo, into: Uint8Array): void {
    this.#step('read')
    const bytes = this.blocks.get(at)
    if (bytes === undefined) into.fill(0)
    else into.set(bytes)
  }

  blockInfo(): undefined {
    return undefined
  }

  append(group: Group) {
    this.#step('append')
    for (const [at, bytes] of group.blocks) this.blocks.set(at, bytes.slice())
    for (const at of group.freed) this.blocks.delete(at)
    for (const at of this.blocks.keys()) if (at >= group.sizeBlocks) this.blocks.delete(blockNo(at))
    this.sizeBlocks = group.sizeBlocks
    this.#txid = group.lastTxid
    return { bytes: group.blocks.size * this.blockSize, blocks: group.blocks.size }
  }

  barrier(): void {}
  confirmEpoch(): void {}
  readBack(): void {}
  async voidAfterFailure() {
    return { epoch: this.epoch }
  }
  async checkpoint() {
    return { checkpointedTxid: this.#txid, blocks: 0, bytes: 0 }
  }
  async verify() {
    return { blocksChecked: 0, damaged: [] }
  }
  pin() {
    const { sizeBlocks, blockSize } = this
    const read = (at: BlockNo, into: Uint8Array) => this.read(at, into)
    return { txid: this.#txid, sizeBlocks, blockSize, read, release: () => {} }
  }
  outcomeOf() {
    return { kind: 'fresh' } as const
  }
  async close() {}
  abandon(): void {}

  #step(what: string): void {
    this.callCount++
    const fault = this.failAt
    if (fault === undefined || this.callCount < fault.call || (this.callCount > fault.call && !fault.isLasting)) return
    this.faultCount++
    throw new DatabaseError('STORAGE_FAILED', `${what} ${this.callCount} was made to fail`)
  }
}
