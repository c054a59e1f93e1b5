/** The recovery decision, case by case: what was found and asked for → what is done. */
import { describe, expect, test } from 'vitest'
import { decide, type Findings, type Modes } from '../../../src/storage/recovery-plan.ts'
import { header, logsOf } from './findings.ts'

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
      { kind: 'recover', log: { lastTxid: 12, damagedImages: [{ file: 'log-0', blockNo: 0 }] } },
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
