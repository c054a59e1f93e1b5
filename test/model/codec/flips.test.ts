/**
 * C1 for every structure on the medium: each single flipped bit and each truncation of an encoded record, header slot, segment header
 * or table page is seen. Exhaustive over the bytes of the listed examples, one bit of each byte, chosen by its position; decode after
 * encode gives what went in, for random input.
 */
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { BlockTable } from '../../../src/storage/block-table.ts'
import { crc32, loadChecksums, xxh64 } from '../../../src/storage/checksum.ts'
import { decodeHeader, encodeHeader, type Header } from '../../../src/storage/header.ts'
import { RecordEncoder, type RecordInput } from '../../../src/storage/record.ts'
import { decodeRecord } from '../../../src/storage/record-decoder.ts'
import { encodeRequests } from '../../../src/storage/request-table.ts'
import { decodeSegmentHeader, encodeSegmentHeader } from '../../../src/storage/segment.ts'
import { blockNo, epoch, txid } from '../../../src/units.ts'
import { randomRuns } from '../replay.ts'
import { SimDisk } from '../sim-disk.ts'

const storeId = '000102030405060708090a0b0c0d0e0f'
const blockSize = 4096

beforeAll(loadChecksums)

interface RecordShape {
  readonly written: readonly number[]
  readonly freed: readonly number[]
  readonly answers: readonly string[]
  readonly algorithmId: 1 | 2
}

function inputOf({ written, freed, answers, algorithmId }: RecordShape): RecordInput {
  const images = written.map((at) =>
    Uint8Array.from({ length: blockSize }, (_, byte) => (byte * 31 + at * 7 + 1) & 255),
  )
  const common = { txid: txid(7), version: 3, lastModifiedMs: 1_700_000_000_000 }
  const live = images.map((image) => ({
    ...common,
    checksum: algorithmId === 1 ? xxh64(image) : crc32(image),
    algorithmId,
    isTombstone: false,
  }))
  const tombstones = freed.map(() => ({ ...common, checksum: 0n, algorithmId: 0, isTombstone: true }))
  return {
    epoch: epoch(4),
    firstTxid: txid(6),
    lastTxid: txid(7),
    durableThrough: txid(5),
    timeMs: 1_700_000_000_000,
    prev: 0x0123_4567_89ab_cdefn,
    sizeBlocks: 40,
    blockNos: [...written, ...freed].map(blockNo),
    entries: [...live, ...tombstones],
    images,
    requests: encodeRequests(
      answers.map((answer, index) => ({ clientId: 'client', requestNo: index + 1, txid: txid(7), answer })),
    ),
  }
}

function encode(input: RecordInput): Uint8Array {
  const chunks: Uint8Array[] = []
  new RecordEncoder(storeId, blockSize).encode(input, (chunk) => chunks.push(chunk.slice()))
  return Buffer.concat(chunks)
}

const sourceOf = (bytes: Uint8Array) => ({
  size: () => bytes.length,
  read: (into: Uint8Array, at: number) => {
    const part = bytes.subarray(at, at + into.length)
    into.set(part)
    return part.length
  },
})

const decode = (bytes: Uint8Array) => decodeRecord(sourceOf(bytes), 0, storeId)

/** Offsets of the bytes whose flipped bit `shows` does not see. */
function unseenFlips(bytes: Uint8Array, shows: (at: number) => boolean): readonly number[] {
  const unseen: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const mask = 1 << (at % 8)
    bytes[at] = (bytes[at] ?? 0) ^ mask
    if (!shows(at)) unseen.push(at)
    bytes[at] = (bytes[at] ?? 0) ^ mask
  }
  return unseen
}

const shapes: readonly RecordShape[] = [
  { written: [0], freed: [], answers: [], algorithmId: 1 },
  { written: [3], freed: [], answers: ['"one"'], algorithmId: 2 },
  { written: [1, 9], freed: [2], answers: ['"one"', '{"rows":[]}'], algorithmId: 1 },
  { written: [], freed: [5, 6], answers: [], algorithmId: 1 },
]

describe('commit records', () => {
  test.each(shapes)('every flipped bit shows, and an image names its own block: $written $freed', (shape) => {
    const bytes = encode(inputOf(shape))
    const whole = decode(bytes)
    expect(whole).toMatchObject({ kind: 'whole', damaged: [] })
    const shows = (at: number) => {
      const decoded = decode(bytes)
      if (decoded.kind !== 'whole') return true
      const [first, second] = decoded.damaged
      return first !== undefined && second === undefined && at >= first.imageAt && at < first.imageAt + blockSize
    }
    expect(unseenFlips(bytes, shows)).toEqual([])
  })

  test.each(shapes)('every truncation shows: $written $freed', (shape) => {
    const bytes = encode(inputOf(shape))
    const lengths = Array.from(bytes, (_, length) => length)
    expect(lengths.filter((length) => decode(bytes.subarray(0, length)).kind === 'whole')).toEqual([])
  })

  test.each(randomRuns('record-codec', { usual: 100, long: 30_000 }))(
    'record-codec: decode gives what was encoded',
    (run) => {
      const numbers = fc.uniqueArray(fc.nat(1000), { maxLength: 8 })
      const shape = fc.record({ numbers, split: fc.nat(8), answers: fc.array(fc.json(), { maxLength: 3 }) })
      fc.assert(
        fc.property(shape, ({ numbers, split, answers }) => {
          const input = inputOf({
            written: numbers.slice(0, split),
            freed: numbers.slice(split),
            answers,
            algorithmId: 1,
          })
          const decoded = decode(encode(input))
          expect(decoded.kind).toBe('whole')
          if (decoded.kind !== 'whole') return
          const { entries, requests, ...header } = decoded.record
          expect(header).toMatchObject({
            epoch: 4,
            firstTxid: 6,
            lastTxid: 7,
            durableThrough: 5,
            prev: input.prev,
            sizeBlocks: 40,
          })
          expect(entries.map(({ imageAt: _, ...entry }) => entry)).toEqual(
            input.entries.map((entry, at) => ({ ...entry, blockNo: input.blockNos[at] })),
          )
          expect(requests.map((request) => ('answer' in request ? request.answer : undefined))).toEqual(answers)
        }),
        run,
      )
    },
  )

  test('a record of another store is foreign', () => {
    const bytes = encode(inputOf({ written: [0], freed: [], answers: [], algorithmId: 1 }))
    expect(decodeRecord(sourceOf(bytes), 0, storeId.replace('0', '1')).kind).toBe('foreign')
  })
})

const header: Header = {
  storeId,
  headerSeq: 9,
  epoch: epoch(4),
  checkpointedTxid: txid(17),
  chain: 0xfeed_beef_0000_0001n,
  durableThrough: txid(19),
  logStart: 5,
  tableGeneration: 3,
  tableHash: 77n,
  tablePages: 2,
  sizeBlocks: 130,
  blockSize,
  isClean: true,
  isPlain: false,
  isCreating: false,
  guarded: [1, 2],
  epochEnds: [
    { epoch: epoch(2), lastTxid: txid(11) },
    { epoch: epoch(3), lastTxid: txid(17) },
  ],
}

describe('headers', () => {
  test('a slot gives back what was written, and every flipped bit shows', () => {
    const slot = new Uint8Array(4096)
    encodeHeader(header, slot)
    expect(decodeHeader(slot)).toEqual({ kind: 'sound', value: header })
    expect(unseenFlips(slot, () => decodeHeader(slot).kind !== 'sound')).toEqual([])
  })

  test('a segment header gives back what was written, and every flipped bit of either copy shows', () => {
    const segment = { storeId, epoch: epoch(3), sequence: 8, continuesFrom: 99n, firstTxid: txid(12) }
    const both = encodeSegmentHeader(segment)
    for (const sector of [both.subarray(0, 4096), both.subarray(4096)]) {
      expect(decodeSegmentHeader(sector)).toEqual({ kind: 'sound', value: segment })
      expect(unseenFlips(sector, () => decodeSegmentHeader(sector).kind !== 'sound')).toEqual([])
    }
  })
})

describe('table pages', () => {
  test('every flipped bit of a current page shows, and of the other slot none matters', async () => {
    const file = await new SimDisk().open('blocks.meta', { create: true })
    const table = new BlockTable(file, storeId)
    const entry = { txid: txid(7), version: 3, checksum: 5n, algorithmId: 1, lastModifiedMs: 9, isTombstone: false }
    for (const at of [0, 125, 126]) table.set(blockNo(at), entry)
    expect(table.writeDirty(1)).toBe(2)
    const named = { storeId, tableGeneration: 1, tablePages: 2, tableHash: table.hash() }
    const bytes = new Uint8Array(file.size())
    file.read(bytes, 0)
    const source = { ...file, ...sourceOf(bytes) }
    const found = BlockTable.read(source, named)
    expect([found.isHashRight, found.damagedPages, [...found.table.entries()].length]).toEqual([true, [], 3])
    const shows = (at: number) => {
      const now = BlockTable.read(source, named)
      const isCurrent = Math.floor(at / 4096) % 2 === 0
      return isCurrent ? !now.isHashRight && now.damagedPages.length === 1 : now.isHashRight
    }
    expect(unseenFlips(bytes, shows)).toEqual([])
  })
})
