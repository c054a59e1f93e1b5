/**
 * After a write or a barrier with unknown outcome: a new series that names the record it continues from, so that everything behind
 * that record is void, whether it reached the medium or not. Written commits that were answered and are not behind a barrier are
 * read back and written again as its first records; a barrier that failed is never asked again about the same bytes.
 */
import { DatabaseError } from '../errors.ts'
import { nextEpoch, type Txid, txid } from '../units.ts'
import type { Voided } from './block-store.ts'
import { carriedBy } from './carried.ts'
import { foldSegments } from './checkpointer.ts'
import type { RecordBody } from './record.ts'
import type { StoreFile } from './file-system.ts'
import { withEpochEnds } from './header.ts'
import { type LoggedRecord, markOf, replayRequests, replaySegment, splitAt } from './log-replay.ts'
import { encodeRequests } from './request-table.ts'
import { scanChain } from './scan.ts'
import type { Segment } from './segment.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * Keeps commits up to `keepThrough`; returns those that could not be read back. When it rejects, the store is as before and the
 * same call is owed again; each attempt has an epoch of its own, so that no record of one is taken for another's.
 */
export async function beginSeries(parts: StoreParts, keepThrough: Txid): Promise<Voided['lost']> {
  const { log, header, cache } = parts
  const mark = { log: markOf(log), requests: parts.requests }
  const kept = splitAt(readLog(log.segments), keepThrough).before
  const { before: durable, after } = splitAt(kept, txid(Math.min(log.durableTxid, keepThrough)))
  const before = untilUnflushed(durable)
  const bodies = readableBodies(after, parts.blockSize)
  const ours = header.current.epoch
  const lastTxid =
    (bodies.at(-1)?.finding ?? before.at(-1)?.finding)?.record.lastTxid ?? header.current.checkpointedTxid
  await header.write({
    epoch: nextEpoch(ours),
    isClean: false,
    durableThrough: txid(Math.min(header.current.durableThrough, lastTxid)),
    epochEnds: withEpochEnds(header.current, ours, lastTxid),
  })
  try {
    rewindTo(parts, before)
    cache.clear()
    if (log.spares.length === 0)
      await foldSegments(parts, log.sealed, { stillOurs: () => undefined, skipsDamaged: false })
    header.assertCopied()
    log.startSegment(header.current.epoch, carriedBy(parts), spareFor(log.spares, mark.log.segments))
    for (const { body, finding } of bodies) {
      log.append(body)
      parts.requests.apply(finding.record.requests)
    }
    await log.barrier({ mayWait: true })
  } catch (error) {
    log.rewind({ ...mark.log, sequence: log.sequence })
    log.durableTxid = mark.log.durableTxid
    parts.requests = mark.requests
    throw error
  }
  return log.lastTxid < keepThrough ? { from: txid(log.lastTxid + 1), to: keepThrough } : undefined
}

/** The carried record of a segment that is not behind a barrier may yet be lost: nothing durable may continue from it. */
function untilUnflushed(records: readonly LoggedRecord[]): readonly LoggedRecord[] {
  const isFlushed = ({ segment, finding: { at, record } }: LoggedRecord) => at + record.bytes <= segment.flushedEnd
  const count = records.findIndex((one) => !isFlushed(one))
  return count < 0 ? records : records.slice(0, count)
}

/** @throws STORAGE_FAILED when records that are behind a barrier cannot be read */
function readLog(segments: readonly Segment[]): LoggedRecord[] {
  return segments.flatMap((segment) => {
    const { records } = scanChain(segment.file, segment.header)
    const known = records.filter(({ at }) => at < segment.end)
    const end = known.at(-1)
    if (end === undefined || end.at + end.record.bytes < segment.flushedEnd) {
      throw new DatabaseError('STORAGE_FAILED', `${segment.file.name}: durable records cannot be read back`, {
        outcome: 'unknown',
      })
    }
    return known.map((finding) => ({ segment, finding }))
  })
}

/** Up to the first one that is not whole any more. */
function readableBodies(after: readonly LoggedRecord[], blockSize: number) {
  const commits = after.filter(({ finding: { record } }) => record.lastTxid >= record.firstTxid)
  const count = commits.findIndex(({ finding }) => finding.damaged.length > 0)
  return (count < 0 ? commits : commits.slice(0, count)).map(({ segment, finding }) => ({
    finding,
    body: bodyOf(segment, finding, blockSize),
  }))
}

function bodyOf({ file }: Segment, { record }: LoggedRecord['finding'], blockSize: number): RecordBody {
  const { firstTxid, lastTxid, timeMs, sizeBlocks, entries } = record
  const images = entries
    .filter(({ isTombstone }) => !isTombstone)
    .map(({ imageAt }) => {
      const image = new Uint8Array(blockSize)
      file.read(image, imageAt)
      return image
    })
  const blockNos = entries.map(({ blockNo }) => blockNo)
  return {
    firstTxid,
    lastTxid,
    timeMs,
    sizeBlocks,
    blockNos,
    entries,
    images,
    requests: encodeRequests(record.requests),
  }
}

function rewindTo(parts: StoreParts, records: readonly LoggedRecord[]): void {
  const { log, header } = parts
  const { chain, checkpointedTxid, sizeBlocks } = header.current
  let base = { hash: chain, lastTxid: checkpointedTxid, sizeBlocks }
  const segments: Segment[] = []
  for (const segment of new Set(records.map((one) => one.segment))) {
    const own = records.filter((one) => one.segment === segment).map(({ finding }) => finding)
    const replayed = replaySegment(segment.file, { header: segment.header, records: own }, { ...base, end: 0 })
    replayed.flushedEnd = replayed.end
    segments.push(replayed)
    base = { hash: replayed.hash, lastTxid: replayed.lastTxid, sizeBlocks: replayed.sizeBlocks }
  }
  log.rewind({ segments, ...base, sequence: log.sequence })
  parts.requests = replayRequests(
    segments.map(({ header }) => ({
      header,
      records: records.filter(({ segment }) => segment.header === header).map(({ finding }) => finding),
    })),
  )
}

/** A file that holds none of the old records, while there is one: a killed process still finds them. */
function spareFor(spares: readonly StoreFile[], old: readonly Segment[]): StoreFile | undefined {
  return spares.find((file) => !old.some((segment) => segment.file === file)) ?? spares[0]
}
