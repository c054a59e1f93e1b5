/** Which records are the log, case by case. */
import { describe, expect, test } from 'vitest'
import { logVerdict } from '../../../src/storage/log-verdict.ts'
import { header, type LogSketch, logsOf } from './findings.ts'

describe('which records are the log', () => {
  const cases: readonly [
    string,
    readonly LogSketch[],
    { last: number; torn?: boolean; damage?: [number, number]; discarded?: string[] },
  ][] = [
    ['nothing but the carried record', [{}], { last: 10 }],
    ['whole records', [{ records: [{ first: 11 }, { first: 12, last: 14 }] }], { last: 14 }],
    [
      'a last record that is damaged is torn',
      [{ records: [{ first: 11 }], stop: 'damaged' }],
      { last: 11, torn: true },
    ],
    [
      'a last record with a torn image is cut',
      [{ records: [{ first: 11 }, { first: 12, damaged: true }] }],
      { last: 11, torn: true },
    ],
    [
      'a relaxed record that is missing takes those after it with it',
      [{ records: [{ first: 11 }], stop: 'damaged', beyond: [{ first: 13, durable: 11 }] }],
      { last: 11, torn: true },
    ],
    [
      'damage before what a later record calls durable is corruption',
      [{ records: [{ first: 11 }], stop: 'damaged', beyond: [{ first: 13, durable: 12 }] }],
      { last: 11, damage: [12, 12] },
    ],
    [
      'the same, when zeros stand where the record was',
      [{ records: [{ first: 11 }], stop: 'empty', beyond: [{ first: 14, durable: 13 }] }],
      { last: 11, damage: [12, 13] },
    ],
    [
      'a record of an earlier cycle is the end',
      [{ records: [{ first: 11 }], stop: 'stale', beyond: [{ first: 3, durable: 2, epoch: 2 }] }],
      { last: 11 },
    ],
    [
      'what an epoch before the log called durable was settled then',
      [{ records: [{ first: 11 }], stop: 'stale', beyond: [{ first: 40, durable: 39, epoch: 6 }] }],
      { last: 11 },
    ],
    [
      'the next segment goes on behind the last record',
      [{ records: [{ first: 11 }] }, { sequence: 6, continuesFrom: 110n, records: [{ first: 12 }] }],
      { last: 12 },
    ],
    [
      'a new series makes void what stands behind the record that it names',
      [
        { records: [{ first: 11 }, { first: 12 }] },
        { sequence: 6, epoch: 8, continuesFrom: 110n, records: [{ first: 12, hash: 777n }] },
      ],
      { last: 12 },
    ],
    [
      'a new series that holds nothing voids all the same',
      [{ records: [{ first: 11 }, { first: 12 }] }, { sequence: 6, epoch: 8, continuesFrom: 110n, first: 12 }],
      { last: 11 },
    ],
    [
      'a new series also makes void what an epoch before it called durable, when nobody was answered for it',
      [
        { records: [{ first: 11 }, { first: 12 }], beyond: [{ first: 13, durable: 12 }] },
        { sequence: 6, epoch: 8, continuesFrom: 110n, first: 12 },
      ],
      { last: 11 },
    ],
    [
      'what a new series goes on from is owed all the same',
      [
        { records: [{ first: 11 }], stop: 'damaged', beyond: [{ first: 14, durable: 13 }] },
        { sequence: 6, epoch: 8, continuesFrom: 130n, first: 14 },
      ],
      { last: 11, damage: [12, 13], discarded: ['log-1'] },
    ],
    [
      'a segment that was begun and holds nothing is made anew',
      [{ records: [{ first: 11 }] }, { sequence: 6, epoch: 8, continuesFrom: 110n, first: 12 }],
      { last: 11, discarded: ['log-1'] },
    ],
    [
      'a segment of a lower epoch behind a higher one is dropped',
      [{ epoch: 7 }, { sequence: 6, epoch: 6, continuesFrom: 5001n, records: [{ first: 11, durable: 0 }] }],
      { last: 10, discarded: ['log-1'] },
    ],
    [
      'of two segments with one sequence the later epoch counts',
      [
        { records: [{ first: 11 }] },
        { sequence: 6, epoch: 7, continuesFrom: 110n, records: [{ first: 12, durable: 0 }] },
        { sequence: 6, epoch: 8, continuesFrom: 110n, records: [{ first: 12, last: 13, hash: 5n }] },
      ],
      { last: 13, discarded: ['log-1'] },
    ],
    [
      'a segment that continues from a record that is gone, not durable: both are cut',
      [
        { records: [{ first: 11 }], stop: 'damaged' },
        { sequence: 6, continuesFrom: 120n, records: [{ first: 13, durable: 10 }] },
      ],
      { last: 11, torn: true, discarded: ['log-1'] },
    ],
    [
      'the same, durable: corruption',
      [
        { records: [{ first: 11 }], stop: 'damaged' },
        { sequence: 6, continuesFrom: 120n, records: [{ first: 13, durable: 12 }] },
      ],
      { last: 11, damage: [12, 12], discarded: ['log-1'] },
    ],
    [
      'the first segment is damaged: its carried record was durable before the header named it',
      [{ header: { kind: 'damaged' } }],
      { last: 10, damage: [11, 10] },
    ],
  ]

  test.each(cases)('%s', (_, sketches, owed) => {
    const verdict = logVerdict(header, logsOf(...sketches))
    expect({
      last: verdict.lastTxid,
      torn: verdict.tornTail !== undefined,
      damage: verdict.damage && [verdict.damage.fromTxid, verdict.damage.toTxid],
      discarded: verdict.discarded,
    }).toEqual({ torn: false, damage: undefined, discarded: [], ...owed })
  })

  test('the hash and size after the log are those of its last record', () => {
    const verdict = logVerdict(
      header,
      logsOf({
        records: [
          { first: 11, sizeBlocks: 2 },
          { first: 12, sizeBlocks: 9 },
        ],
      }),
    )
    expect(verdict).toMatchObject({ hash: 120n, sizeBlocks: 9, sizeBlocksMin: 2 })
  })
})

test('a log of any number of records is one', () => {
  const count = 300_000
  const records = Array.from({ length: count }, (_, index) => ({ first: 11 + index, sizeBlocks: 4 + (index % 3) }))
  const verdict = logVerdict(header, logsOf({ records }))
  expect(verdict.lastTxid).toBe(10 + count)
  expect(verdict.sizeBlocksMin).toBe(4)
  expect(verdict.damage).toBeUndefined()
})
