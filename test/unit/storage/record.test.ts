/** Commit records: decode ∘ encode is the identity, and nothing that is not what was written passes for it. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { BlockEntry } from '../../../src/storage/block-entry.ts'
import { algorithmIds, checksumById, loadChecksums, xxh64 } from '../../../src/storage/checksum.ts'
import { viewOf } from '../../../src/storage/bytes.ts'
import { RecordEncoder, type RecordInput } from '../../../src/storage/record.ts'
import { type ByteSource, type DecodedRecord, decodeRecord } from '../../../src/storage/record-decoder.ts'
import { encodeRequests, type RequestEntry } from '../../../src/storage/request-table.ts'
import { blockNo, epoch, txid } from '../../../src/units.ts'

const storeId = 'ffeeddccbbaa99887766554433221100'
const blockSize = 512

beforeAll(loadChecksums)

const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: () => bytes.length,
  read(into, at) {
    const part = bytes.subarray(at, at + into.length)
    into.set(part)
    return part.length
  },
})

function encode(input: RecordInput, size = blockSize): { bytes: Uint8Array; writes: number; largest: number } {
  const chunks: { chunk: Uint8Array; at: number }[] = []
  const { bytes } = new RecordEncoder(storeId, size).encode(input, (chunk, at) =>
    chunks.push({ chunk: chunk.slice(), at }),
  )
  const whole = new Uint8Array(bytes)
  for (const { chunk, at } of chunks) whole.set(chunk, at)
  return { bytes: whole, writes: chunks.length, largest: Math.max(...chunks.map(({ chunk }) => chunk.length)) }
}

const decode = (bytes: Uint8Array): DecodedRecord => decodeRecord(sourceOf(bytes), 0, storeId)

const safe = fc.maxSafeNat()
const image = fc
  .nat()
  .map((seed) => Uint8Array.from({ length: blockSize }, (_, at) => Math.imul(seed + at, 0x9e3779b1) >>> 24))
const request: fc.Arbitrary<RequestEntry> = fc.oneof(
  fc.record({ clientId: fc.string({ unit: 'binary' }), floor: safe }),
  fc.record({
    clientId: fc.string(),
    requestNo: safe,
    txid: safe.map(txid),
    answer: fc.option(fc.string({ unit: 'binary' })),
  }),
)

function inputOf(
  images: readonly Uint8Array[],
  tombstones: number,
  algorithm: 'xxh64' | 'crc32',
  requests: readonly RequestEntry[],
): RecordInput {
  const algorithmId = algorithmIds[algorithm]
  const live = images.map((bytes, index): BlockEntry => ({
    txid: txid(40 + index),
    version: 2 ** 40 + index,
    checksum: checksumById(algorithmId, bytes) ?? 0n,
    algorithmId,
    lastModifiedMs: 1_700_000_000_000,
    isTombstone: false,
  }))
  const dead = Array.from({ length: tombstones }, (): BlockEntry => ({
    txid: txid(7),
    version: 3,
    checksum: 0n,
    algorithmId: 0,
    lastModifiedMs: 9,
    isTombstone: true,
  }))
  return {
    epoch: epoch(3),
    firstTxid: txid(41),
    lastTxid: txid(44),
    durableThrough: txid(40),
    timeMs: 1_700_000_000_000,
    prev: 0xfedcba9876543210n,
    sizeBlocks: 99,
    blockNos: [...live, ...dead].map((_, index) => blockNo(index * 3)),
    entries: [...live, ...dead],
    images,
    requests: encodeRequests(requests),
  }
}

const sample = () =>
  inputOf([new Uint8Array(blockSize).fill(1), new Uint8Array(blockSize)], 1, 'xxh64', [
    { clientId: 'c', requestNo: 1, txid: txid(41), answer: '"é"' },
  ])

describe('a record', () => {
  test('decodes to what was encoded', () => {
    const property = fc.property(
      fc.array(image, { maxLength: 12 }),
      fc.nat(3),
      fc.constantFrom('xxh64', 'crc32'),
      fc.array(request, { maxLength: 4 }),
      (images, tombstones, algorithm, requests) => {
        const input = inputOf(images, tombstones, algorithm, requests)
        const { bytes } = encode(input)
        expect(new RecordEncoder(storeId, blockSize).encodeWhole(input).record).toEqual(bytes)
        const decoded = decode(bytes)
        if (decoded.kind !== 'whole') throw new Error(`decodes as ${decoded.kind}`)
        const { record, damaged } = decoded
        expect(damaged).toEqual([])
        expect(record).toMatchObject({
          storeId,
          blockSize,
          epoch: input.epoch,
          firstTxid: input.firstTxid,
          lastTxid: input.lastTxid,
          durableThrough: input.durableThrough,
          timeMs: input.timeMs,
          prev: input.prev,
          sizeBlocks: input.sizeBlocks,
        })
        expect(record.requests).toEqual(requests)
        expect(record.entries.map(({ blockNo: _, imageAt: __, ...entry }) => entry)).toEqual(input.entries)
        record.entries.forEach(({ imageAt }, index) => {
          const bytesOfImage = imageAt < 0 ? undefined : bytes.slice(imageAt, imageAt + blockSize)
          expect(bytesOfImage?.join()).toBe(images[index]?.join())
        })
      },
    )
    fc.assert(property, { numRuns: 100 })
  })

  test('shows every flipped byte: damaged, absent, or as the block that it hit', () => {
    const { bytes } = encode(sample())
    const outcomes = new Map<string, number>()
    for (let at = 0; at < bytes.length; at++) {
      const rotten = bytes.slice()
      rotten[at] = (rotten[at] ?? 0) ^ (1 << (at & 7))
      const decoded = decode(rotten)
      const outcome = decoded.kind === 'whole' ? decoded.damaged.map(({ code }) => code).join() : decoded.kind
      expect(outcome, `byte ${at}`).not.toBe('')
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect(Object.fromEntries(outcomes)).toEqual({
      CHECKSUM_MISMATCH: 2 * blockSize,
      empty: 8,
      damaged: bytes.length - 2 * blockSize - 8,
    })
  })

  test('shows every truncation', () => {
    const { bytes } = encode(sample())
    for (let size = 0; size < bytes.length; size++)
      expect(decode(bytes.slice(0, size)).kind, `${size}`).not.toBe('whole')
  })

  test('of another store, of a newer version, and with an unknown algorithm each have an outcome of their own', () => {
    const { bytes } = encode(sample())
    expect(decodeRecord(sourceOf(bytes), 0, '0'.repeat(32)).kind).toBe('foreign')
    const newer = bytes.slice()
    viewOf(newer).setUint32(8, 2, true)
    viewOf(newer).setUint32(12, Number(xxh64(newer.subarray(0, 12)) & 0xffffffffn), true)
    expect(decode(newer)).toEqual({ kind: 'unknown-format', version: 2 })
    const input = sample()
    const [first, ...rest] = input.entries
    if (first === undefined) throw new Error('the sample has an entry')
    const decoded = decode(encode({ ...input, entries: [{ ...first, algorithmId: 9 }, ...rest] }).bytes)
    expect(decoded).toMatchObject({ kind: 'whole', damaged: [{ blockNo: 0, code: 'ALGORITHM_MISMATCH' }] })
  })

  test('of one block is written by one call', () => {
    const block = new Uint8Array(4096).fill(7)
    expect(encode(inputOf([block], 0, 'xxh64', []), 4096)).toMatchObject({ writes: 1, largest: 8192 })
  })

  test('longer than a mebibyte is written in pieces of at most one, trailer last', () => {
    const images = Array.from({ length: 700 }, (_, index) => new Uint8Array(4096).fill(index))
    const { bytes, writes, largest } = encode(inputOf(images, 2, 'xxh64', []), 4096)
    expect(writes).toBe(3)
    expect(largest).toBe(1024 * 1024)
    const decoded = decode(bytes)
    expect(decoded).toMatchObject({ kind: 'whole', damaged: [] })
    // All but the last piece: no record yet.
    expect(decode(bytes.slice(0, 2 * 1024 * 1024)).kind).toBe('damaged')
  })
})
