/** What a recovery holds between its steps, and the options it was asked with. */
import type { Epoch } from '../units.ts'
import { BlockCache } from './block-cache.ts'
import { BlockReader } from './block-reader.ts'
import type { ChecksumAlgorithm } from './block-store.ts'
import type { BlockTable } from './block-table.ts'
import { CommitLog } from './commit-log.ts'
import type { FileSystem } from './file-system.ts'
import type { HeaderFile } from './header-file.ts'
import { Home } from './home.ts'
import { replayRequests, replaySegment } from './log-replay.ts'
import type { Meter } from './meter.ts'
import type { LogVerdict } from './log-verdict.ts'
import type { Segment } from './segment.ts'
import type { StorePresence } from './store-presence.ts'
import type { StoreFiles, StoreLimits, StoreParts } from './store-parts.ts'

export interface StoreOptions {
  /** 32 hexadecimal digits; used only if a store is made. */
  readonly storeId: string
  /** Of a store that is made; of one that is there it must be the same. Absent: limits.blockSize, and whatever is there. */
  readonly blockSize?: number
  readonly checksum: ChecksumAlgorithm
  /** Wall clock of now, milliseconds since 1970: for blocks that are adopted or whose table page is rebuilt. Default 0. */
  readonly timeMs?: number
  /** Greatest epoch that is known from elsewhere; new epochs are greater. */
  readonly epochFloor?: Epoch
  readonly verify: 'full' | 'sample' | 'none'
  readonly sampleSize?: number
  /** 0 ≤ n < 1; needed for verify 'sample'. */
  readonly random?: () => number
  readonly onCorruption: 'fail' | 'report' | 'repair'
  readonly homeChanged: 'fail' | 'adopt'
  /** Absent: the medium itself says when the files are gone. */
  readonly presence?: StorePresence
  /** Defaults: limits.ts. */
  readonly cacheBytes?: number
  readonly segmentBytes?: number
  readonly checkpointBytes?: number
  readonly checkpointStepBytes?: number
}

export interface OpenedFiles {
  readonly fs: FileSystem
  readonly files: StoreFiles
  readonly header: HeaderFile
  readonly meter: Meter
  readonly limits: StoreLimits
  readonly cacheBytes: number
  readonly checksum: ChecksumAlgorithm
  readonly timeMs: number
}

/** The store as the accepted part of the log says, not yet fit for appending: the log has no segment of this epoch. */
export function assembleParts(opened: OpenedFiles, table: BlockTable, verdict: LogVerdict): StoreParts {
  const { files, header, meter, limits, cacheBytes, checksum } = opened
  const { storeId, blockSize, guarded, chain, checkpointedTxid, sizeBlocks } = header.current
  let base = { hash: chain, lastTxid: checkpointedTxid, sizeBlocks }
  const segments: Segment[] = []
  for (const accepted of verdict.accepted) {
    const file = files.logs.find(({ name }) => name === accepted.file)
    if (file === undefined) throw new RangeError('a segment lies in a file of the pool')
    const segment = replaySegment(file, accepted, { ...base, end: accepted.end })
    segments.push(segment)
    base = { hash: segment.hash, lastTxid: segment.lastTxid, sizeBlocks: segment.sizeBlocks }
  }
  const start = { segments, ...base, sequence: verdict.greatestSequence }
  const log = new CommitLog({ storeId, blockSize, segmentBytes: limits.segmentBytes, files: files.logs }, start)
  const home = new Home(files.home, { blockSize, guarded })
  const cache = new BlockCache({ cacheBytes, blockSize })
  const reader = new BlockReader({ log, table, home, cache, meter })
  const requests = replayRequests(verdict.accepted)
  return { storeId, blockSize, checksum, limits, files, header, log, table, home, cache, reader, meter, requests }
}
