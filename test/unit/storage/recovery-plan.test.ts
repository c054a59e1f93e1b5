/** The recovery decision, case by case: what was found → what is done. */
import { describe, expect, test } from 'vitest'
import type { Header } from '../../../src/storage/header.ts'
import type { CommitRecord } from '../../../src/storage/record.ts'
import { decide, type Findings, logVerdict, type Modes } from '../../../src/storage/recovery-plan.ts'
import type { LogFileFinding, RecordFinding } from '../../../src/storage/scan.ts'
import { epoch, txid } from '../../../src/units.ts'

const header: Header = {
  storeId: 's',
  headerSeq: 9,
  epoch: epoch(8),
  checkpointedTxid: txid(10),
  chain: 1000n,
  durableThrough: txid(10),
  logStart: 5,
  tableGeneration: 1,
  tableHash: 0n,
  tablePages: 1,
  sizeBlocks: 4,
  blockSize: 4096,
  isClean: false,
  isPlain: false,
  isCreating: false,
  guarded: [1, 1],
  epochEnds: [],
}

interface RecordSketch {
  readonly first: number
  readonly last?: number
  readonly durable?: number
  readonly hash?: bigint
  readonly damaged?: boolean | 'algorithm'
  readonly sizeBlocks?: number
  readonly epoch?: number
}

function recordOf(sketch: RecordSketch, at: number): RecordFinding {
  const {
    first,
    last = first,
    durable = first - 1,
    hash = BigInt(first) * 10n,
    sizeBlocks = 4,
    damaged = false,
  } = sketch
  const record: CommitRecord = {
    storeId: 's',
    blockSize: 4096,
    epoch: epoch(sketch.epoch ?? 7),
    firstTxid: txid(first),
    lastTxid: txid(last),
    durableThrough: txid(durable),
    timeMs: 0,
    prev: 0n,
    sizeBlocks,
    bytes: 8192,
    hash,
    entries: [],
    requests: [],
  }
  const code = damaged === 'algorithm' ? 'ALGORITHM_MISMATCH' : 'CHECKSUM_MISMATCH'
  return { at, record, damaged: damaged === false ? [] : [{ blockNo: 0 as never, imageAt: at, code }] }
}

interface LogSketch {
  readonly sequence?: number
  readonly epoch?: number
  readonly continuesFrom?: bigint
  /** First transaction that may stand in it; needed when it holds none. */
  readonly first?: number
  readonly records?: readonly RecordSketch[]
  readonly stop?: LogFileFinding['stop']
  readonly beyond?: readonly RecordSketch[]
  readonly header?: LogFileFinding['header']
}

/** A segment whose first record carries; its hash is the sequence times 1000 plus 1. */
function logOf(index: number, sketch: LogSketch): LogFileFinding {
  const { sequence = 5, continuesFrom = 1000n, records = [], stop = 'empty', beyond = [] } = sketch
  const first = sketch.first ?? records[0]?.first ?? 11
  const carry: RecordSketch = { first, last: first - 1, durable: 10, hash: BigInt(sequence) * 1000n + 1n }
  const found = [carry, ...records].map((one, at) => recordOf({ epoch: sketch.epoch ?? 7, ...one }, 8192 * (at + 1)))
  const end = 8192 * (found.length + 1)
  const segment = {
    storeId: 's',
    epoch: epoch(sketch.epoch ?? 7),
    sequence,
    continuesFrom,
    firstTxid: txid(first),
  }
  const isWhole = sketch.header === undefined
  return {
    file: `log-${index}`,
    fileBytes: 1 << 20,
    header: sketch.header ?? { kind: 'sound', value: segment },
    records: isWhole ? found : [],
    end: isWhole ? end : 8192,
    stop,
    beyond: beyond.map((one, at) => {
      const { record } = recordOf({ epoch: 7, ...one }, 0)
      return { at: end + 8192 * (at + 1), claim: { ...record, entryCount: 0, imageCount: 0, requestBytes: 0 } }
    }),
    block0: undefined,
  }
}

const empty: LogSketch = { header: { kind: 'empty' } }
const logsOf = (...sketches: readonly LogSketch[]) => [0, 1, 2].map((index) => logOf(index, sketches[index] ?? empty))

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

describe('what is done', () => {
  const sound: Findings = {
    header,
    logs: logsOf({ records: [{ first: 11 }] }),
    table: { damagedPages: [], isHashRight: true },
    home: { bytes: 4 * 4096, isGuarded: true, outside: 'unchanged' },
  }
  const corruptLog = logsOf({ stop: 'damaged', beyond: [{ first: 13, durable: 12 }] })
  const home = (change: Partial<Findings['home']>): Partial<Findings> => ({ home: { ...sound.home, ...change } })
  const changed: Partial<Findings> = {
    logs: logsOf({}),
    ...home({ outside: 'changed', isGuarded: false, bytes: 7 * 4096 }),
  }
  const fail: Modes = { onCorruption: 'fail', homeChanged: 'fail' }
  const report: Modes = { ...fail, onCorruption: 'report' }
  const repair: Modes = { ...fail, onCorruption: 'repair' }
  const adopt: Modes = { ...fail, homeChanged: 'adopt' }
  const staleLogs = logsOf({ sequence: 6 }, { sequence: 7 }, { sequence: 8 })

  const cases: readonly [string, Partial<Findings>, Modes, object][] = [
    ['everything is sound', {}, fail, { kind: 'recover', adoptsHome: false, rebuildsTable: false, isRollback: false }],
    ['a torn tail', { logs: logsOf({ stop: 'damaged' }) }, fail, { kind: 'recover', isRollback: true }],
    ['a damaged log, fail', { logs: corruptLog }, fail, { code: 'LOG_CORRUPT', details: { fromTxid: 11, toTxid: 12 } }],
    ['a damaged log, report', { logs: corruptLog }, report, { kind: 'recover', isRollback: true }],
    ['a damaged log, repair', { logs: corruptLog }, repair, { kind: 'recover', isRollback: true }],
    [
      'a durable image that is damaged, fail',
      { logs: logsOf({ records: [{ first: 11, damaged: true }, { first: 12 }] }) },
      fail,
      { code: 'LOG_CORRUPT' },
    ],
    [
      'a durable image with an unknown algorithm, fail',
      { logs: logsOf({ records: [{ first: 11, damaged: 'algorithm' }, { first: 12 }] }) },
      fail,
      { code: 'ALGORITHM_MISMATCH' },
    ],
    [
      'a durable image that is damaged, report',
      { logs: logsOf({ records: [{ first: 11, damaged: true }, { first: 12 }] }) },
      report,
      { kind: 'recover', log: { lastTxid: 12, damagedImages: 1 } },
    ],
    ['a log that begins behind the header', { logs: staleLogs }, repair, { code: 'HEADER_CORRUPT' }],
    [
      'a log of a newer version',
      { logs: logsOf({}, { header: { kind: 'unknown-format', version: 2 } }) },
      repair,
      { code: 'FORMAT_UNKNOWN' },
    ],
    ['a damaged table, fail', { table: { damagedPages: [3], isHashRight: false } }, fail, { code: 'TABLE_CORRUPT' }],
    [
      'a damaged table, report',
      { table: { damagedPages: [3], isHashRight: false } },
      report,
      { code: 'TABLE_CORRUPT' },
    ],
    ['a stale table page, fail', { table: { damagedPages: [], isHashRight: false } }, fail, { code: 'TABLE_CORRUPT' }],
    ['a damaged table, repair', { table: { damagedPages: [3], isHashRight: false } }, repair, { rebuildsTable: true }],
    ['a short home, fail', home({ bytes: 3 * 4096 }), fail, { code: 'HOME_CORRUPT' }],
    ['a short home, report', home({ bytes: 3 * 4096 }), report, { kind: 'recover' }],
    [
      'a home as short as the log made it',
      { ...home({ bytes: 2 * 4096 }), logs: logsOf({ records: [{ first: 11, sizeBlocks: 2 }, { first: 12 }] }) },
      fail,
      { kind: 'recover' },
    ],
    ['a home changed outside, fail', changed, fail, { code: 'HOME_CHANGED_OUTSIDE' }],
    ['a home changed outside, repair does not decide it', changed, repair, { code: 'HOME_CHANGED_OUTSIDE' }],
    ['a home changed outside, adopt', changed, adopt, { kind: 'recover', adoptsHome: true }],
    [
      'a home changed outside while the log holds commits',
      { ...changed, logs: sound.logs },
      adopt,
      { code: 'HOME_CHANGED_OUTSIDE', details: { hasUnfoldedCommits: true } },
    ],
    ...(['journal', 'page-size', 'wal-mode', 'partial'] as const).map(
      (outside): [string, Partial<Findings>, Modes, object] => [
        `a home changed outside, ${outside}`,
        { logs: logsOf({}), ...home({ outside }) },
        adopt,
        { code: 'HOME_CHANGED_OUTSIDE', details: { reason: outside } },
      ],
    ),
  ]

  test.each(cases)('%s', (_, change, modes, owed) => {
    expect(decide({ ...sound, ...change }, modes)).toMatchObject(owed)
  })
})
