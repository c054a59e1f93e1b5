/** What the parts of a FileStore share: its files and what is known of them. One object per reign. */
import type { ChecksumAlgorithm } from './block-store.ts'
import type { BlockCache } from './block-cache.ts'
import type { BlockTable } from './block-table.ts'
import type { BlockReader } from './block-reader.ts'
import type { CommitLog } from './commit-log.ts'
import type { StoreFile } from './file-system.ts'
import type { HeaderFile } from './header-file.ts'
import type { Home } from './home.ts'
import type { Meter } from './meter.ts'
import type { RequestTable } from './request-table.ts'
import type { StorePresence } from './store-presence.ts'

export interface StoreParts {
  readonly storeId: string
  readonly blockSize: number
  readonly checksum: ChecksumAlgorithm
  readonly limits: StoreLimits
  readonly files: StoreFiles
  readonly header: HeaderFile
  readonly log: CommitLog
  readonly table: BlockTable
  readonly home: Home
  readonly cache: BlockCache
  readonly reader: BlockReader
  readonly meter: Meter
  readonly presence?: StorePresence | undefined
  requests: RequestTable
}

export interface StoreLimits {
  readonly segmentBytes: number
  readonly checkpointBytes: number
  readonly checkpointStepBytes: number
}

export interface StoreFiles {
  readonly header: StoreFile
  readonly table: StoreFile
  readonly home: StoreFile
  readonly logs: readonly StoreFile[]
}

export function closeFiles({ header, table, home, logs }: StoreFiles): void {
  for (const file of [header, table, home, ...logs]) file.close()
}
