/**
 * Which records are the log, and where and why it ends. Pure. The rule of the tail is that of files: `durableThrough` is the greatest
 * transaction that anything sound calls durable; what is missing or damaged behind it is cut, at or before it it is corruption.
 */
import { type Txid, txid } from '../../units.ts'
import type { ImagePlace } from '../log-verdict.ts'
import type { DecodedRecord } from '../record-decoder.ts'
import type { LogDamage, TornTail } from '../recovery-report.ts'
import type { LoggedRecord } from './log-index.ts'

export interface Found {
  readonly key: number
  readonly decoded: DecodedRecord
  readonly chunks: number
  readonly chunkEpoch: number
  readonly bytes: number
}

export interface LogStart {
  readonly checkpointedTxid: Txid
  readonly chain: bigint
  readonly durableThrough: Txid
}

export interface IdbLogVerdict {
  readonly accepted: readonly LoggedRecord[]
  readonly lastTxid: Txid
  readonly durableThrough: Txid
  readonly tornTail: TornTail | undefined
  readonly damage: LogDamage | undefined
  /** `at`: the key of their record. */
  readonly damagedImages: readonly ImagePlace[]
  readonly hasUnknownAlgorithm: boolean
  readonly hasUnknownFormat: boolean
  /** Values that are not part of the log: they are cut. */
  readonly cut: readonly number[]
}

/** `found` in the order of the keys. */
export function logVerdict(start: LogStart, found: readonly Found[]): IdbLogVerdict {
  const durableThrough = durableThroughOf(start, found)
  const accepted: LoggedRecord[] = []
  let { chain: hash, checkpointedTxid: lastTxid } = start
  const damagedImages: ImagePlace[] = []
  let [epoch, hasUnknownAlgorithm] = [0, false]
  for (const { key, decoded, chunks, chunkEpoch, bytes } of found) {
    if (decoded.kind !== 'whole') break
    const { record, damaged } = decoded
    const follows = record.prev === hash && record.firstTxid === lastTxid + 1 && key === record.firstTxid
    if (!follows || record.epoch < epoch || (damaged.length > 0 && record.lastTxid > durableThrough)) break
    damagedImages.push(...damaged.map(({ blockNo }) => ({ file: 'log', at: key, blockNo })))
    hasUnknownAlgorithm ||= damaged.some(({ code }) => code === 'ALGORITHM_MISMATCH')
    const { firstTxid } = record
    accepted.push({
      epoch: chunks > 0 ? chunkEpoch : record.epoch,
      firstTxid,
      lastTxid: record.lastTxid,
      hash: record.hash,
      bytes,
      chunks,
    })
    ;({ epoch, hash, lastTxid } = record)
  }
  const behind = found.slice(accepted.length)
  const place = { file: 'log', at: lastTxid + 1 }
  const bytes = behind.reduce((sum, one) => sum + one.bytes, 0)
  const isCorrupt = durableThrough > lastTxid
  return {
    accepted,
    lastTxid,
    durableThrough,
    tornTail: isCorrupt || behind.length === 0 ? undefined : { ...place, bytes },
    damage: isCorrupt ? { ...place, fromTxid: lastTxid + 1, toTxid: durableThrough } : undefined,
    damagedImages,
    hasUnknownAlgorithm,
    hasUnknownFormat: found.some(({ decoded }) => decoded.kind === 'unknown-format'),
    cut: behind.map(({ key }) => key),
  }
}

function durableThroughOf({ checkpointedTxid, durableThrough }: LogStart, found: readonly Found[]): Txid {
  const said = found.flatMap(({ decoded }) => {
    if (decoded.kind === 'whole') return [decoded.record.durableThrough]
    return decoded.kind === 'damaged' && decoded.claim !== undefined ? [decoded.claim.durableThrough] : []
  })
  return txid(
    said.reduce<number>((greatest, one) => Math.max(greatest, one), Math.max(checkpointedTxid, durableThrough)),
  )
}
