/**
 * Reads what a store needs in memory, all but the segments, and redoes the log over the home: every image after the checkpoint, in order.
 * The segments are awaited until somebody reads them.
 */
import { DatabaseError } from '../../errors.ts'
import type { BlockNo, Epoch } from '../../units.ts'
import type { Header } from '../header.ts'
import type { Meter } from '../meter.ts'
import type { RequestTable } from '../request-table.ts'
import { decodeCarried } from './carried-requests.ts'
import type { Connection } from './connection.ts'
import { type HomeFound, loadHome } from './load-home.ts'
import { Loading } from './loading.ts'
import { LogIndex } from './log-index.ts'
import { type LogFinding, type LogKeys, readLog, readLogKeys } from './log-reader.ts'
import type { IdbLogVerdict } from './log-verdict.ts'
import type { State } from './parts.ts'
import { reading } from './reading.ts'
import { Resident } from './resident.ts'
import { headerKeys, LOAD_STEP_BYTES, pageOf } from './schema.ts'

export interface StoreFound {
  readonly resident: Resident
  readonly home: HomeFound
  readonly keys: LogKeys
  readonly log: readonly LogFinding[]
  readonly requests: RequestTable
  readonly loading: Loading
}

/** @throws HEADER_CORRUPT when the outcomes of requests are damaged; NOT_SUPPORTED when the database does not fit; STORAGE_FAILED */
export async function readStore(
  connection: Connection,
  header: Header,
  {
    meter,
    residentBytesMax,
    reign,
  }: { readonly meter: Meter; readonly residentBytesMax: number; readonly reign: Epoch },
): Promise<StoreFound> {
  const { storeId, blockSize, sizeBlocks } = header
  const resident = new Resident({ storeId, blockSize, bytesMax: residentBytesMax, meter })
  resident.blocks.assertSizeFits(sizeBlocks)
  const log: LogFinding[] = []
  const [carried, home, keys] = await Promise.all([
    reading(connection, async (database) => database.get('header', headerKeys.requests)),
    loadHome(connection, header, resident),
    readLogKeys(connection).then(async (found) => {
      await readLog(connection, found.records, storeId, (finding) => log.push(finding))
      return found
    }),
  ])
  const requests = decodeCarried(pageOf(carried))
  if (requests === undefined) throw new DatabaseError('HEADER_CORRUPT', 'the kept outcomes of requests are damaged')
  const loading = new Loading({ connection, reign, blocks: resident.blocks, stepBytes: LOAD_STEP_BYTES })
  return { resident, home, keys, log, requests, loading }
}

/** The segments in which the accepted log changes something: they are read before it is redone. */
export function segmentsUnder({ resident, log }: StoreFound, { accepted }: IdbLogVerdict): ReadonlySet<number> {
  const segments = new Set<number>()
  for (const { decoded } of log.slice(0, accepted.length)) {
    if (decoded.kind !== 'whole') continue
    for (const { blockNo } of decoded.record.entries) segments.add(resident.blocks.slabOf(blockNo))
  }
  return segments
}

/** What `found` holds becomes the state of the accepted log. */
export function replay(
  header: Header,
  { resident, log, requests, loading }: StoreFound,
  verdict: IdbLogVerdict,
): State {
  const unfolded = new Set<BlockNo>()
  for (const { decoded, source } of log.slice(0, verdict.accepted.length)) {
    if (decoded.kind !== 'whole') continue
    const { record, damaged } = decoded
    const rotten = new Set(damaged.map(({ blockNo }) => blockNo))
    const image = new Uint8Array(header.blockSize)
    resident.apply({
      blockNos: record.entries.map(({ blockNo }) => blockNo),
      entries: record.entries,
      imageOf(index) {
        const entry = record.entries[index]
        source.read(image, entry?.imageAt ?? 0)
        return { bytes: image, isVerified: entry !== undefined && !rotten.has(entry.blockNo) }
      },
      sizeBlocks: record.sizeBlocks,
    })
    for (const { blockNo } of record.entries) unfolded.add(blockNo)
    requests.apply(record.requests)
  }
  const base = { lastTxid: header.checkpointedTxid, hash: header.chain }
  return { resident, log: new LogIndex(base, verdict.accepted), requests, unfolded, loading }
}
