/**
 * Commit records: what one flush writes. record-decoder.ts reads them by this rule (all little-endian; `n` entries, `m` of them live, block size `b`):
 *
 *    0  16  preamble DSRECORD                     72  8  hash of the record before it in the chain
 *   16  16  storeId                               80  4  block size        84  4  size of the database in blocks
 *   32   8  epoch                                 88  4  entries           92  4  images
 *   40   8  firstTxid   48  8  lastTxid           96  4  bytes of requests 100  4  0
 *   56   8  durableThrough                       104  8  bytes of the record, a multiple of 4096
 *   64   8  timeMs                               112  8  0                 120  8  xxh64 of bytes 0…119
 *
 *  128  40 n  entries: block number (4), 0 (4), block entry (32)
 *             requests: UTF-8 JSON
 *       b m   images of the live entries, in their order
 *             zeros
 *   −32  32   trailer: DSCOMMIT (8), bytes of the record (8), 0 (8), xxh64 of header, entries and requests (8)
 *
 * The trailer is written last and commits the record; its hash is the link of the chain. Images are covered by the checksums of
 * their entries, zeros by being zero, so that every flipped bit shows: in the header as `damaged`, in an image as its block.
 * lastTxid = firstTxid − 1: a carry record, which begins a segment and holds no commit.
 */
import { assert } from '../assert.ts'
import type { BlockNo, Epoch, Txid } from '../units.ts'
import { type BlockEntry, ENTRY_BYTES, putEntry } from './block-entry.ts'
import { alignUp, bytesOfId, putHash, putU64, viewOf } from './bytes.ts'
import { xxh64 } from './checksum.ts'
import { magics, PREAMBLE_BYTES, putMagic, putPreamble, SECTOR_BYTES } from './format.ts'

export const HEADER_BYTES = 128
export const HEADER_HASH_AT = 120
const HEAD_BYTES = PREAMBLE_BYTES + 16
export const RECORD_ENTRY_BYTES = 8 + ENTRY_BYTES
export const TRAILER_BYTES = 32
/** Records up to this are written by one call from one buffer; longer ones in pieces of it. */
export const CHUNK_BYTES = 1024 * 1024
const FIRST_BUFFER_BYTES = 64 * 1024

export interface RecordHeader {
  readonly epoch: Epoch
  readonly firstTxid: Txid
  readonly lastTxid: Txid
  readonly durableThrough: Txid
  readonly timeMs: number
  readonly prev: bigint
  readonly sizeBlocks: number
}

/** Entries and images in parallel: `images[i]` belongs to `blockNos[i]`; the tombstones follow behind the last image. */
export interface RecordInput extends RecordHeader {
  readonly blockNos: readonly BlockNo[]
  readonly entries: readonly BlockEntry[]
  readonly images: readonly Uint8Array[]
  /** UTF-8 JSON made by `encodeRequests`; empty for none. */
  readonly requests: Uint8Array
}

/** The contents of one record; the log adds epoch, chain and durableThrough. */
export type RecordBody = Omit<RecordInput, 'epoch' | 'durableThrough' | 'prev'>

export interface WrittenRecord {
  readonly bytes: number
  readonly hash: bigint
  /** Offset of the first image from the record's beginning. */
  readonly imagesAt: number
}

export const recordBytesOf = (entries: number, images: number, requestBytes: number, blockSize: number): number =>
  alignUp(HEADER_BYTES + entries * RECORD_ENTRY_BYTES + requestBytes + images * blockSize + TRAILER_BYTES, SECTOR_BYTES)

/** Encodes records of one store. Its buffer is reused: what `write` is handed is valid during the call only. */
export class RecordEncoder {
  /** Preamble and storeId: the same in every record. */
  readonly #head: Uint8Array
  readonly #blockSize: number
  /** As long as the longest record so far, at most CHUNK_BYTES. */
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES)
  #view = viewOf(this.#buffer)

  constructor(storeId: string, blockSize: number) {
    this.#head = new Uint8Array(HEAD_BYTES)
    putPreamble(this.#head, viewOf(this.#head), magics.record)
    this.#head.set(bytesOfId(storeId), PREAMBLE_BYTES)
    this.#blockSize = blockSize
  }

  /** Hands over the record in order, the trailer last. `at` is the offset from the record's beginning. */
  encode(input: RecordInput, write: (chunk: Uint8Array, at: number) => void): WrittenRecord {
    const { entries, images, requests } = input
    const imagesAt = HEADER_BYTES + entries.length * RECORD_ENTRY_BYTES + requests.length
    const bytes = recordBytesOf(entries.length, images.length, requests.length, this.#blockSize)
    this.#growBuffer(Math.min(bytes, CHUNK_BYTES))
    if (bytes > CHUNK_BYTES) return this.#encodeLong(input, imagesAt, bytes, write)
    const hash = this.#putAll(this.#buffer, this.#view, input, { imagesAt, bytes })
    write(this.#buffer.subarray(0, bytes), 0)
    return { bytes, hash, imagesAt }
  }

  /** The record in a buffer of its own, which is the caller's: for media that take a record as one value. */
  encodeWhole(input: RecordInput): { readonly record: Uint8Array; readonly hash: bigint } {
    const { entries, images, requests } = input
    const imagesAt = HEADER_BYTES + entries.length * RECORD_ENTRY_BYTES + requests.length
    const bytes = recordBytesOf(entries.length, images.length, requests.length, this.#blockSize)
    const record = new Uint8Array(bytes)
    return { record, hash: this.#putAll(record, viewOf(record), input, { imagesAt, bytes }) }
  }

  #putAll(
    buffer: Uint8Array,
    view: DataView,
    input: RecordInput,
    { imagesAt, bytes }: { readonly imagesAt: number; readonly bytes: number },
  ): bigint {
    const hash = this.#putMeta(buffer, view, input, bytes)
    let end = imagesAt
    for (const image of input.images) {
      buffer.set(image, end)
      end += image.length
    }
    buffer.fill(0, end, bytes)
    putTrailer(buffer, view, bytes - TRAILER_BYTES, bytes, hash)
    return hash
  }

  #encodeLong(
    input: RecordInput,
    imagesAt: number,
    bytes: number,
    write: (chunk: Uint8Array, at: number) => void,
  ): WrittenRecord {
    const meta = new Uint8Array(imagesAt)
    const hash = this.#putMeta(meta, viewOf(meta), input, bytes)
    const buffer = this.#buffer
    let base = 0
    let used = 0
    const put = (from: Uint8Array): void => {
      for (let at = 0; at < from.length;) {
        const count = Math.min(from.length - at, CHUNK_BYTES - used)
        buffer.set(from.subarray(at, at + count), used)
        at += count
        used += count
        if (used < CHUNK_BYTES) return
        write(buffer, base)
        base += used
        used = 0
      }
    }
    put(meta)
    for (const image of input.images) put(image)
    const rest = new Uint8Array(bytes - base - used)
    putTrailer(rest, viewOf(rest), rest.length - TRAILER_BYTES, bytes, hash)
    put(rest)
    if (used > 0) write(buffer.subarray(0, used), base)
    return { bytes, hash, imagesAt }
  }

  #growBuffer(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    this.#buffer = new Uint8Array(Math.min(CHUNK_BYTES, 2 * bytes))
    this.#view = viewOf(this.#buffer)
  }

  #putMeta(buffer: Uint8Array, view: DataView, input: RecordInput, bytes: number): bigint {
    const { blockNos, entries, images, requests } = input
    assert(blockNos.length === entries.length, 'every entry has its block number')
    buffer.set(this.#head)
    putHeader(view, input)
    view.setUint32(80, this.#blockSize, true)
    view.setUint32(88, entries.length, true)
    view.setUint32(92, images.length, true)
    view.setUint32(96, requests.length, true)
    view.setUint32(100, 0, true)
    putU64(view, 104, bytes)
    putU64(view, 112, 0)
    putHash(view, HEADER_HASH_AT, xxh64(buffer.subarray(0, HEADER_HASH_AT)))
    let at = HEADER_BYTES
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index]
      const block = blockNos[index]
      assert(entry !== undefined && block !== undefined, 'entries have no gaps')
      assert(entry.isTombstone === index >= images.length, 'live entries come first, one image each')
      view.setUint32(at, block, true)
      view.setUint32(at + 4, 0, true)
      putEntry(view, at + 8, entry)
      at += RECORD_ENTRY_BYTES
    }
    buffer.set(requests, at)
    return xxh64(buffer.subarray(0, at + requests.length))
  }
}

function putHeader(view: DataView, header: RecordHeader): void {
  putU64(view, 32, header.epoch)
  putU64(view, 40, header.firstTxid)
  putU64(view, 48, header.lastTxid)
  putU64(view, 56, header.durableThrough)
  putU64(view, 64, header.timeMs)
  putHash(view, 72, header.prev)
  view.setUint32(84, header.sizeBlocks, true)
}

function putTrailer(buffer: Uint8Array, view: DataView, at: number, bytes: number, hash: bigint): void {
  putMagic(buffer, at, magics.trailer)
  putU64(view, at + 8, bytes)
  putHash(view, at + 24, hash)
}
