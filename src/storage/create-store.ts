/**
 * Makes an empty store. The header comes first and says that the store is being made; only when every file is durable in its
 * directory does a header say otherwise. A crash before that leaves a store that is made again: nothing was ever acknowledged.
 */
import { epoch, txid } from '../units.ts'
import { loadChecksums, xxh64 } from './checksum.ts'
import { CommitLog } from './commit-log.ts'
import type { FileSystem, StoreFile } from './file-system.ts'
import { fileNames, SECTOR_BYTES } from './format.ts'
import { encodeHeader, type Header } from './header.ts'
import { closeFiles, type StoreFiles } from './store-parts.ts'

const LOG_START = 1

export interface NewStore {
  readonly storeId: string
  readonly blockSize: number
  readonly segmentBytes: number
  /** New epochs are greater. */
  readonly epochFloor: number
}

/** Opens every file, all at once; those that are absent are made. */
export async function openFiles(fs: FileSystem, options: { readonly create: boolean }): Promise<StoreFiles> {
  const names = [fileNames.header, fileNames.table, fileNames.home, ...fileNames.logs]
  const openings = await Promise.allSettled(names.map((name) => fs.open(name, options)))
  const opened = openings.flatMap((opening) => (opening.status === 'fulfilled' ? [opening.value] : []))
  const failed = openings.find((opening) => opening.status === 'rejected')
  if (failed !== undefined) {
    for (const file of opened) file.close()
    throw failed.reason
  }
  const [header, table, home, ...logs] = opened
  if (header === undefined || table === undefined || home === undefined) throw new RangeError('the store has its files')
  return { header, table, home, logs }
}

export async function createStore(fs: FileSystem, options: NewStore): Promise<void> {
  await loadChecksums()
  const creating = newHeader(options)
  const header = await fs.open(fileNames.header, { create: true })
  try {
    writeBoth(header, creating)
    await fs.flushNames()
  } finally {
    header.close()
  }
  const files = await openFiles(fs, { create: true })
  try {
    makeEmpty(files, options)
    await fs.flushNames()
    writeBoth(files.header, { ...creating, headerSeq: 2, isCreating: false, isClean: true, isPlain: true })
  } finally {
    closeFiles(files)
  }
}

function makeEmpty(files: StoreFiles, { storeId, blockSize, segmentBytes, epochFloor }: NewStore): void {
  for (const file of [files.table, files.home, ...files.logs]) file.truncate(0)
  const zeros = new Uint8Array(segmentBytes)
  for (const file of files.logs) file.write(zeros, 0)
  const log = new CommitLog(
    { storeId, blockSize, segmentBytes, files: files.logs },
    { segments: [], hash: 0n, lastTxid: txid(0), sizeBlocks: 0, sequence: LOG_START - 1 },
  )
  log.startSegment(epoch(epochFloor), { requests: new Uint8Array(0), block0: undefined, timeMs: 0 }, files.logs[0])
  for (const file of [files.table, files.home, ...files.logs]) file.flush()
}

/** One slot behind a barrier and then the other: one of them is whole at any moment. */
function writeBoth(file: StoreFile, header: Header): void {
  const slot = new Uint8Array(SECTOR_BYTES)
  encodeHeader(header, slot)
  for (const at of [0, SECTOR_BYTES]) {
    file.write(slot, at)
    file.flush()
  }
}

const newHeader = ({ storeId, blockSize, epochFloor }: NewStore): Header => ({
  storeId,
  headerSeq: 1,
  epoch: epoch(epochFloor),
  checkpointedTxid: txid(0),
  chain: 0n,
  durableThrough: txid(0),
  logStart: LOG_START,
  tableGeneration: 0,
  tableHash: xxh64(new Uint8Array(0)),
  tablePages: 0,
  sizeBlocks: 0,
  blockSize,
  isClean: false,
  isPlain: false,
  isCreating: true,
  guarded: [0, 0],
  epochEnds: [],
})
