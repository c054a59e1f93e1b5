/** Every default and bound, in one place. `xMs` milliseconds, `xBytes` bytes, `xCount` and `xMax` numbers. */
import { KiB, MiB } from './units.ts'

export const limits = {
  /** Autosync: flush whenever dirty, this often. */
  intervalMs: 1000,
  /** Autosync: a threshold that was passed waits for this long without a write. */
  debounceMs: 50,
  /** Autosync: the oldest sealed transaction is never older than this. */
  maxWaitMs: 1000,
  /** Autosync: a group is full. */
  maxDirtyBytes: 8 * MiB,
  maxDirtyBlocks: 2048,
  /** Flush refused (disk full): first and last pause before the same record is tried again. */
  backoffMs: 100,
  backoffMsMax: 5000,
  /** Draining gives up after this many refused or failed flushes in a row. */
  drainFailuresMax: 3,

  /** Backpressure watermarks on sealed, not yet durable bytes. */
  backpressureHighBytes: 64 * MiB,
  backpressureNormalBytes: 32 * MiB,

  requestDeadlineMs: 30_000,
  transactionDeadlineMs: 30_000,
  /** A follower waits this long for a verification or a checkpoint that it asked for. */
  upkeepDeadlineMs: 600_000,
  /** Requests that may wait at once; one more is refused with QUEUE_FULL. */
  queueMax: 100_000,
  /** Requests run back to back before the event loop gets a turn. */
  turnMs: 20,

  blockSize: 4096,
  blockSizeMax: 65_536,
  /** Preallocated size of one log segment. */
  segmentBytes: 4 * MiB,
  segmentCount: 3,
  /** The log is folded when it is longer than max(this, home / 4). */
  checkpointBytes: 8 * MiB,
  /** The same on IndexedDB, where folding takes as long as the commits did, and a log of this is read in about 0.1 s. */
  indexedDbCheckpointBytes: 32 * MiB,
  /** Nothing committed for this long: the log is folded, however short it is. */
  idleCheckpointMs: 2000,
  /** One step of a checkpoint copies at most this much, so that a commit waits for at most one step. */
  checkpointStepBytes: 512 * KiB,
  /** A file that is cut gives back at most this much at once: about 5 ms. */
  cutStepBytes: 8 * MiB,
  cacheBytes: 64 * MiB,
  /** Buffers of pages kept for the next transactions. */
  pagePoolBytes: 1 * MiB,
  /** Pages of one open transaction, and temporary files beside them. */
  transactionBytesMax: 512 * MiB,
  /** A WASM instance that has grown past this is replaced when idle. */
  wasmIdleBytesMax: 64 * MiB,
  statementCacheMax: 128,
  /** The rows that one call may hold. */
  resultBytesMax: 256 * MiB,

  /** Blocks of one chunk of an export, and how long its reader may pause. */
  exportChunkBlocks: 64,
  exportIdleMs: 60_000,

  /** Outcomes of requests with an id, kept through crashes and checkpoints. */
  outcomesPerClientMax: 128,
  clientsMax: 64,
  /** Clients that were forgotten are remembered as such; beyond this many, no new client is taken on. 16 bytes each. */
  forgottenClientsMax: 8192,
  outcomeRowsBytesMax: 64 * KiB,
  /** Answers of all clients together; beyond it the oldest are dropped, that they were applied is kept. */
  outcomesBytesMax: 1 * MiB,

  /** Rows of one chunk of an iteration, and about how many bytes; how many may be open, and how long their reader may pause. */
  iterateChunkRows: 512,
  iterateChunkBytes: 1 * MiB,
  iterationsMax: 64,
  iterateIdleMs: 60_000,
  /** A client waits this much longer than the deadline for the other side to say that it has passed. */
  answerGraceMs: 5_000,

  /** Blocks of a database on IndexedDB are kept in memory, up to this. */
  residentBytesMax: 1024 * MiB,
  /**
   * A database of IndexedDB is waited for so long while others keep it open who were asked to close it: to remove it, or to open it behind
   * a removal or an upgrade.
   */
  blockedMs: 10_000,
  /** Page and worker: a worker that has not closed its database by then is ended, whatever holds it. */
  closeMs: 60_000,
  /**
   * On a medium that goes on without its files, so often it is looked whether they are there while commits are made; and how old a
   * look may be when something is acknowledged.
   */
  lookEveryMs: 500,
  lookMsMax: 1000,
  /** A file that another page still holds: attempts at it, and the first and last pause between two. About 2.6 s together. */
  handleTriesMax: 11,
  handleRetryMs: 10,
  handleRetryMsMax: 500,

  /** How often a leader says that it is there, and after how many beats in which nothing was heard a waiting member robs it. */
  beatMs: 500,
  missedBeatsMax: 10,
  /** A leader that stood still for longer asks the medium whether it still leads before it answers anybody. */
  leaseMs: 5_000,
  /** If the medium cannot say now, it is asked again after this. */
  confirmRetryMs: 250,
  /** Opening waits this long for whoever leads. */
  openMs: 30_000,
  /** A member that has followed for this long has an instance of SQLite made, so that it can take over soon, and without a network. */
  prepareMs: 1_000,
  /** Looking for a leader: how long one attempt may take, and the first and last pause between two. */
  joinMs: 2_000,
  seekMs: 10,
  seekMsMax: 500,
  /** A lock that nobody says is free is tried this often; and while its holder is known to let go. */
  lockRetryMs: 250,
  lockHurryMs: 15,
  /** The home of a database whose lease is free is another SQLite's if it is still locked after this. */
  homeBusyMs: 500,
  /** Members that one leader takes on. */
  membersMax: 256,
  /** Requests of one member that are asked of the leader at once: the numbers between its oldest and its newest. */
  requestWindow: 128,
  /** Requests of one member that a leader lets wait; a member of ours asks no more at once. */
  clientQueueMax: 1024,
  /** One message between two sides; and how much may wait for another process that takes nothing for a
   * lease's time, before the connection is given up. */
  frameBytesMax: 768 * MiB,
  unsentBytesMax: 64 * MiB,

  recoverySampleSize: 64,
  nameLengthMax: 200,
} as const
