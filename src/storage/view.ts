/**
 * The database as SQLite sees it: what the open transaction wrote, over what is sealed, over what a flush is writing,
 * over the store.
 *
 *   overlay ──seal──▶ sealed ──takeGroup──▶ inFlight ──settle──▶ store
 *
 * Pages are buffers of a pool: one goes back as soon as no layer can show it again.
 *
 * Each layer holds whole blocks and a floor: blocks at or beyond the floor that the layer does not hold are zeros, because the
 * database was cut to that size at least once while the layer was written. Only references move between layers; nothing that
 * can fail happens in `seal`.
 */
import { assert } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import { type BlockNo, blockNo, nextTxid, type Txid } from '../units.ts'
import { BlockAwaited } from './awaited.ts'
import type { BlockStore, Group } from './block-store.ts'
import { PagePool } from './page-pool.ts'
import type { RequestOutcome } from './request-table.ts'

/** What lies under the view. */
export interface ReadableBlocks extends Pick<BlockStore, 'blockSize' | 'sizeBlocks' | 'read' | 'awaited'> {
  readonly positions: Pick<BlockStore['positions'], 'writtenTxid'>
}

interface Layer {
  readonly blocks: Map<BlockNo, Uint8Array>
  sizeBlocks: number
  floor: number
}

export class View {
  readonly blockSize: number
  readonly #bytesMax: number
  readonly #store: ReadableBlocks
  readonly #pages: PagePool
  #overlay: Layer | undefined
  #sealed: (Layer & { firstTxid: Txid }) | undefined
  #inFlight: Layer | undefined
  #sealedTxid: Txid

  /** @param options.transactionBytesMax pages that one open transaction may hold */
  constructor(store: ReadableBlocks, options: { readonly transactionBytesMax: number }) {
    this.#store = store
    this.blockSize = store.blockSize
    this.#bytesMax = options.transactionBytesMax
    this.#pages = new PagePool({ keepBytes: limits.pagePoolBytes, blockSize: store.blockSize })
    this.#sealedTxid = store.positions.writtenTxid
  }

  /** Last sealed transaction; falls only when sealed work is discarded, together with a new epoch. */
  get sealedTxid(): Txid {
    return this.#sealedTxid
  }

  /** Size that the open transaction sees, in blocks. */
  get sizeBlocks(): number {
    return (this.#overlay ?? this.#sealed ?? this.#inFlight ?? this.#store).sizeBlocks
  }

  get hasOverlay(): boolean {
    return this.#overlay !== undefined
  }

  /** Blocks sealed and not yet handed to the medium, the group in flight included. */
  get dirtyBlocks(): number {
    return (this.#sealed?.blocks.size ?? 0) + (this.#inFlight?.blocks.size ?? 0)
  }

  get dirtyBytes(): number {
    return this.dirtyBlocks * this.blockSize
  }

  /** Sealed and not in flight: what the next group would hold. */
  get groupBytes(): number {
    return (this.#sealed?.blocks.size ?? 0) * this.blockSize
  }

  get overlayBytes(): number {
    return (this.#overlay?.blocks.size ?? 0) * this.blockSize
  }

  /** Copies a block as the open transaction sees it; beyond the end and never written: zeros. @throws what BlockStore.read throws */
  read(at: BlockNo, into: Uint8Array): void {
    if (at >= this.sizeBlocks) return void into.fill(0)
    for (const layer of [this.#overlay, this.#sealed, this.#inFlight]) {
      if (layer === undefined) continue
      const bytes = layer.blocks.get(at)
      if (bytes !== undefined) return into.set(bytes)
      if (at >= layer.floor) return void into.fill(0)
    }
    this.#store.read(at, into)
  }

  /** Stages one block of the open transaction; the bytes are copied. @throws TRANSACTION_TOO_LARGE, BlockAwaited */
  write(at: BlockNo, bytes: Uint8Array): void {
    assert(bytes.length === this.blockSize, 'a block is written whole')
    const overlay = this.#openOverlay()
    const own = overlay.blocks.get(at)
    if (own !== undefined) return own.set(bytes)
    if (this.overlayBytes + this.blockSize > this.#bytesMax) throw tooLarge(this.#bytesMax)
    overlay.blocks.set(at, this.#pages.copyOf(bytes))
    overlay.sizeBlocks = Math.max(overlay.sizeBlocks, at + 1)
  }

  /** Cuts or grows the database that the open transaction sees. @throws BlockAwaited */
  truncate(sizeBlocks: number): void {
    const overlay = this.#openOverlay()
    cut(overlay, sizeBlocks)
    overlay.sizeBlocks = sizeBlocks
  }

  /** Closes the open transaction: it has a txid and is visible, not yet on the medium. Undefined if it wrote nothing. Never fails. */
  seal(): Txid | undefined {
    const overlay = this.#overlay
    if (overlay === undefined) return undefined
    this.#overlay = undefined
    this.#sealedTxid = nextTxid(this.#sealedTxid)
    if (this.#sealed === undefined) {
      this.#sealed = Object.assign(overlay, { firstTxid: this.#sealedTxid })
      return this.#sealedTxid
    }
    cut(this.#sealed, overlay.floor)
    this.#moveInto(this.#sealed, overlay)
    this.#sealed.sizeBlocks = overlay.sizeBlocks
    return this.#sealedTxid
  }

  /** There is something for a flush to take. */
  get hasSealed(): boolean {
    return this.#sealed !== undefined
  }

  /** The open transaction was rolled back, or its connection is gone. */
  dropOverlay(): void {
    if (this.#overlay !== undefined) this.#recycle(this.#overlay)
    this.#overlay = undefined
  }

  /** Everything sealed so far, for one flush; undefined if nothing is. It is in flight until `settle` or `discard`. */
  takeGroup(options: { readonly timeMs: number; readonly requests: readonly RequestOutcome[] }): Group | undefined {
    const sealed = this.#sealed
    if (sealed === undefined) return undefined
    assert(this.#inFlight === undefined, 'at most one group is in flight')
    this.#sealed = undefined
    this.#inFlight = sealed
    return {
      firstTxid: sealed.firstTxid,
      lastTxid: this.#sealedTxid,
      sizeBlocks: sealed.sizeBlocks,
      blocks: sealed.blocks,
      freed: freedBy(sealed, this.#store.sizeBlocks),
      ...options,
    }
  }

  /** The group in flight is in the store, which has kept none of its pages. */
  settle(): void {
    if (this.#inFlight !== undefined) this.#recycle(this.#inFlight)
    this.#inFlight = undefined
  }

  /** Nothing that the store does not hold was ever: the open transaction, everything sealed, the group in flight. */
  discard(): void {
    this.#overlay = this.#sealed = this.#inFlight = undefined
    this.#sealedTxid = this.#store.positions.writtenTxid
  }

  #moveInto(sealed: Layer, overlay: Layer): void {
    for (const [at, bytes] of overlay.blocks) {
      const older = sealed.blocks.get(at)
      if (older !== undefined) this.#pages.giveBack(older)
      sealed.blocks.set(at, bytes)
    }
  }

  #recycle({ blocks }: Layer): void {
    for (const page of blocks.values()) this.#pages.giveBack(page)
  }

  /** Nothing is staged, and so nothing is sealed, before all of the database can be read. */
  #openOverlay(): Layer {
    if (this.#overlay === undefined && this.#store.awaited !== undefined) throw new BlockAwaited()
    this.#overlay ??= { blocks: new Map(), sizeBlocks: this.sizeBlocks, floor: Infinity }
    return this.#overlay
  }
}

function cut(layer: Layer, sizeBlocks: number): void {
  if (sizeBlocks >= layer.sizeBlocks && sizeBlocks >= layer.floor) return
  if (sizeBlocks < layer.sizeBlocks) for (const at of layer.blocks.keys()) if (at >= sizeBlocks) layer.blocks.delete(at)
  layer.floor = Math.min(layer.floor, sizeBlocks)
}

/** Blocks the store has that the group cut away and did not write again. Those beyond its size are freed by the size alone. */
function freedBy(layer: Layer, storeSizeBlocks: number): ReadonlySet<BlockNo> {
  const freed = new Set<BlockNo>()
  for (let at = layer.floor; at < Math.min(layer.sizeBlocks, storeSizeBlocks); at++) {
    if (!layer.blocks.has(blockNo(at))) freed.add(blockNo(at))
  }
  return freed
}

const tooLarge = (bytesMax: number) =>
  new DatabaseError('TRANSACTION_TOO_LARGE', `one transaction may write ${bytesMax} bytes of pages; split it`, {
    details: { bytesMax },
  })
