/**
 * Which records are the log, and where and why it ends. Pure; every case is a row of test/unit/storage/log-verdict.test.ts.
 *
 * The tail rule: `durableThrough` is the greatest transaction that anything sound on the medium calls durable. What is missing or
 * damaged behind it is a torn tail and is cut; at or before it, it is corruption.
 */
import { type Epoch, type Txid, txid } from '../units.ts'
import type { Header } from './header.ts'
import type { LogDamage, TornTail } from './recovery-report.ts'
import type { LogFileFinding, RecordFinding } from './scan.ts'
import type { SegmentHeader } from './segment.ts'

export interface AcceptedSegment {
  readonly file: string
  readonly header: SegmentHeader
  readonly records: readonly RecordFinding[]
  /** Behind its last record. */
  readonly end: number
  /** It names a record that others stand behind: without it those would count again. */
  readonly voids: boolean
}

export interface ImagePlace {
  readonly file: string
  readonly at: number
  readonly blockNo: number
}

export interface LogVerdict {
  readonly accepted: readonly AcceptedSegment[]
  readonly lastTxid: Txid
  readonly hash: bigint
  readonly sizeBlocks: number
  /** The least size that the database had from the last checkpoint on: the home has at least this. */
  readonly sizeBlocksMin: number
  readonly durableThrough: Txid
  readonly tornTail: TornTail | undefined
  /** The log is damaged at or before its durable end, and ends there now. */
  readonly damage: LogDamage | undefined
  /** Durable records are whole, but images in them are not: their blocks, unless a later record holds them. */
  readonly damagedImages: readonly ImagePlace[]
  readonly hasUnknownAlgorithm: boolean
  /** The segment at which the log begins is gone: the header is older than it. */
  readonly isHeaderStale: boolean
  readonly discarded: readonly string[]
  readonly greatestSequence: number
}

/** Which records are the log. Never looks at what the modes allow. */
export function logVerdict(header: Header, logs: readonly LogFileFinding[]): LogVerdict {
  const segments = segmentsFrom(header, logs)
  const durableThrough = durableThroughOf(header, logs)
  const chain = attach(header, segments)
  const ended = endAtDamage(chain.accepted, durableThrough)
  const accepted = withoutEmptyTail(ended)
  const records = accepted.flatMap((segment) => segment.records)
  const lastRecord = records.at(-1)?.record
  const lastTxid = lastRecord?.lastTxid ?? header.checkpointedTxid
  const isStartGone = chain.accepted[0]?.records.length === 0 || chain.accepted.length === 0
  const isCorrupt = durableThrough > lastTxid || isStartGone
  const tail = tailOf(accepted, logs)
  const images = accepted.flatMap(({ file, records: own }) =>
    own
      .filter(({ record }) => !isCarry(record))
      .flatMap(({ damaged }) => damaged.map(({ blockNo, imageAt, code }) => ({ file, at: imageAt, blockNo, code }))),
  )
  return {
    accepted,
    lastTxid,
    hash: lastRecord?.hash ?? header.chain,
    sizeBlocks: lastRecord?.sizeBlocks ?? header.sizeBlocks,
    sizeBlocksMin: records.reduce((least, { record }) => Math.min(least, record.sizeBlocks), header.sizeBlocks),
    durableThrough,
    tornTail: isCorrupt ? undefined : tail,
    damage: isCorrupt ? { ...placeOf(accepted, logs), fromTxid: lastTxid + 1, toTxid: durableThrough } : undefined,
    damagedImages: images.map(({ file, at, blockNo }) => ({ file, at, blockNo })),
    hasUnknownAlgorithm: images.some(({ code }) => code === 'ALGORITHM_MISMATCH'),
    isHeaderStale: isStartGone && isStale(header, logs),
    discarded: logs
      .filter(({ file, header: segment }) => isSince(header, segment) && !accepted.some((one) => one.file === file))
      .map(({ file }) => file),
    greatestSequence: Math.max(
      header.logStart,
      ...logs.flatMap((log) => (log.header.kind === 'sound' ? [log.header.value.sequence] : [])),
    ),
  }
}

const isSince = ({ logStart }: Header, segment: LogFileFinding['header']): boolean =>
  segment.kind === 'sound' && segment.value.sequence >= logStart

/** Of the header's series, oldest first; of two with one sequence the later epoch's. */
function segmentsFrom(header: Header, logs: readonly LogFileFinding[]): AcceptedSegment[] {
  const sound = logs.flatMap(({ file, header: segment, records, end }) =>
    segment.kind === 'sound' && segment.value.sequence >= header.logStart
      ? [{ file, header: segment.value, records, end, voids: false }]
      : [],
  )
  return sound
    .sort((a, b) => a.header.sequence - b.header.sequence || a.header.epoch - b.header.epoch)
    .filter((segment, index) => sound[index + 1]?.header.sequence !== segment.header.sequence)
}

/**
 * What an epoch before the log's first one called durable was settled by the recovery that began the log; the header has it. And a
 * commit that is behind its barrier may still be made void, when the epoch could not be confirmed: from where a later epoch goes on,
 * nothing that an earlier one called durable is owed.
 */
function durableThroughOf(header: Header, logs: readonly LogFileFinding[]): Txid {
  const start = logs.find(
    ({ header: segment }) => segment.kind === 'sound' && segment.value.sequence === header.logStart,
  )
  const since = start?.header.kind === 'sound' ? start.header.value.epoch : 0
  const claims = logs.flatMap(({ records, beyond }) => [
    ...records.map(({ record }) => record),
    ...beyond.map(({ claim }) => claim),
  ])
  const said = claims
    .filter(({ epoch }) => epoch >= since)
    .map(({ epoch, durableThrough }) => Math.min(durableThrough, endOf(epoch, header, logs)))
  return txid(
    said.reduce<number>(
      (greatest, one) => Math.max(greatest, one),
      Math.max(header.checkpointedTxid, header.durableThrough),
    ),
  )
}

/** The last transaction before the first that stands in a segment of a later epoch. */
function endOf(epoch: Epoch, { logStart, storeId }: Header, logs: readonly LogFileFinding[]): number {
  return logs
    .flatMap(({ header: segment }) => (segment.kind === 'sound' ? [segment.value] : []))
    .filter((segment) => segment.storeId === storeId && segment.sequence > logStart && segment.epoch > epoch)
    .reduce((end, { firstTxid }) => Math.min(end, firstTxid - 1), Infinity)
}

/** Each segment continues from a record of those before it; what stands behind that record is void. */
function attach(header: Header, segments: readonly AcceptedSegment[]): { readonly accepted: AcceptedSegment[] } {
  let accepted: AcceptedSegment[] = []
  for (const segment of segments) {
    const last = accepted.at(-1)
    if (last === undefined) {
      if (segment.header.sequence !== header.logStart || segment.header.continuesFrom !== header.chain) break
      accepted = [segment]
      continue
    }
    if (segment.header.epoch < last.header.epoch) continue
    const kept = cutBehind(accepted, segment.header.continuesFrom, header.chain)
    // What it continued from is gone. A later segment still counts: a new series may have voided both.
    if (kept === undefined) continue
    accepted = [...kept, { ...segment, voids: countOf(kept) < countOf(accepted) }]
  }
  return { accepted }
}

const countOf = (segments: readonly AcceptedSegment[]): number =>
  segments.reduce((sum, { records }) => sum + records.length, 0)

/** The segments up to the record with this hash; undefined if none has it. */
function cutBehind(accepted: readonly AcceptedSegment[], hash: bigint, chain: bigint): AcceptedSegment[] | undefined {
  for (let index = accepted.length - 1; index >= 0; index--) {
    const segment = accepted[index]
    const at = segment?.records.findLastIndex(({ record }) => record.hash === hash) ?? -1
    if (segment !== undefined && at >= 0) return [...accepted.slice(0, index), cutAfter(segment, at + 1)]
  }
  return hash === chain ? [] : undefined
}

function cutAfter(segment: AcceptedSegment, count: number): AcceptedSegment {
  const records = segment.records.slice(0, count)
  return { ...segment, records, end: segment.records[count]?.at ?? segment.end }
}

/** A record behind the durable end whose images are not whole is torn: the log ends before it. */
function endAtDamage(accepted: readonly AcceptedSegment[], durableThrough: Txid): AcceptedSegment[] {
  for (const [index, segment] of accepted.entries()) {
    const at = segment.records.findIndex(
      ({ record, damaged }) => damaged.length > 0 && !isCarry(record) && record.lastTxid > durableThrough,
    )
    if (at >= 0) return [...accepted.slice(0, index), cutAfter(segment, at)]
  }
  return [...accepted]
}

/** A last segment that holds no commit and voids none is made anew, unless the log begins with it: nothing is in it. */
function withoutEmptyTail(accepted: readonly AcceptedSegment[]): AcceptedSegment[] {
  const kept = [...accepted]
  const isIdle = (segment: AcceptedSegment) => !segment.voids && segment.records.every(({ record }) => isCarry(record))
  while (kept.length > 1 && kept.slice(-1).every(isIdle)) kept.pop()
  return kept
}

export const isCarry = (record: { readonly firstTxid: Txid; readonly lastTxid: Txid }): boolean =>
  record.lastTxid < record.firstTxid

/** Every file of the pool has a sound segment, and all of them were begun after the one that the header names. */
const isStale = (header: Header, logs: readonly LogFileFinding[]): boolean =>
  logs.some(({ header: segment }) => segment.kind === 'sound' && segment.value.sequence > header.logStart) &&
  logs.every(
    ({ header: segment }) =>
      segment.kind === 'empty' || (segment.kind === 'sound' && segment.value.sequence !== header.logStart),
  )

function placeOf(
  accepted: readonly AcceptedSegment[],
  logs: readonly LogFileFinding[],
): { readonly file: string; readonly at: number } {
  const last = accepted.at(-1)
  return { file: last?.file ?? logs[0]?.file ?? '', at: last?.end ?? 0 }
}

/** What stands behind the last record of the log and was meant to follow it. */
function tailOf(accepted: readonly AcceptedSegment[], logs: readonly LogFileFinding[]): TornTail | undefined {
  const last = accepted.at(-1)
  const log = logs.find(({ file }) => file === last?.file)
  if (last === undefined || log === undefined) return undefined
  const behind = [...log.records.map(({ at, record }) => ({ at, claim: record })), ...log.beyond].filter(
    ({ at, claim }) => at >= last.end && claim.epoch >= last.header.epoch && claim.lastTxid >= last.header.firstTxid,
  )
  const end = behind.reduce((greatest, { at, claim }) => Math.max(greatest, at + claim.bytes), last.end)
  if (end > last.end) return { file: last.file, at: last.end, bytes: Math.min(end, log.fileBytes) - last.end }
  return log.stop === 'damaged' && log.end === last.end ? { file: last.file, at: last.end, bytes: 4096 } : undefined
}
