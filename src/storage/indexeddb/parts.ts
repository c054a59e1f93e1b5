/** What the parts of an IndexedDbStore share. One object per reign; a new series replaces what it holds of the database. */
import type { BlockNo, Epoch } from '../../units.ts'
import type { ChecksumAlgorithm } from '../block-store.ts'
import type { Header } from '../header.ts'
import type { Meter } from '../meter.ts'
import type { RequestTable } from '../request-table.ts'
import type { Connection } from './connection.ts'
import type { Loading } from './loading.ts'
import type { LogIndex } from './log-index.ts'
import type { Resident } from './resident.ts'

export interface Parts {
  readonly connection: Connection
  readonly limits: Limits
  readonly checksum: ChecksumAlgorithm
  readonly meter: Meter
  /** The epoch with which it began. */
  readonly reign: Epoch
  /** As on the medium. */
  header: Header
  /** A checkpoint may have put this one in its place. */
  headerTried: Header | undefined
  /** The greatest epoch that this reign has tried to write: what became of the attempt may not be known. */
  epochTried: Epoch
  state: State
}

/** The database as of the last commit. */
export interface State {
  readonly resident: Resident
  readonly loading: Loading
  readonly log: LogIndex
  readonly requests: RequestTable
  /** Blocks that the log holds and the home does not. */
  unfolded: Set<BlockNo>
}

export interface Limits {
  readonly checkpointBytes: number
  readonly checkpointStepBytes: number
  /** The blocks of a database are kept in memory up to this. */
  readonly residentBytesMax: number
  /** A longer record is written in chunks of this. */
  readonly chunkBytes: number
  /** So many bytes of chunks share a transaction. */
  readonly transactionBytes: number
}
