/**
 * The first look at a directory: is there a store, is it ours, can this version read it? Nothing is written before all of that is
 * answered. Then the epoch is raised, behind a barrier: from there on the writer before is fenced.
 */
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import { epoch } from '../units.ts'
import { createStore, openFiles } from './create-store.ts'
import { type CutLog, cutLogsOf, cutRefusal, makeWhole } from './cut-logs.ts'
import { loadChecksums } from './checksum.ts'
import type { FileSystem, StoreFile } from './file-system.ts'
import { fileNames } from './format.ts'
import { HeaderFile } from './header-file.ts'
import { type Header, HEADER_FILE_BYTES, type HeaderSlots, newestOf, readHeader } from './header.ts'
import { metered, newMeter } from './meter.ts'
import type { OpenedFiles, StoreOptions } from './recovery-state.ts'
import { readSegmentHeader } from './segment.ts'
import { closeFiles, type StoreFiles } from './store-parts.ts'

export interface Begun extends OpenedFiles {
  readonly found: 'created' | 'existing'
  /** As it was before the epoch was raised. */
  readonly before: Header
  /** What stood behind its end is gone. */
  readonly cutLog: CutLog | undefined
}

/**
 * @throws STORE_FOREIGN, FORMAT_UNKNOWN, BLOCK_SIZE_MISMATCH, HEADER_CORRUPT, TABLE_CORRUPT, LOG_CORRUPT, HOME_CORRUPT before anything
 *   is written; STORAGE_FULL, STORAGE_FAILED
 */
export async function beginReign(fs: FileSystem, options: StoreOptions): Promise<Begun> {
  await loadChecksums()
  const segmentBytes = options.segmentBytes ?? limits.segmentBytes
  const isNew = await mustCreate(fs)
  if (isNew) {
    const blockSize = options.blockSize ?? limits.blockSize
    await createStore(fs, { storeId: options.storeId, blockSize, segmentBytes, epochFloor: options.epochFloor ?? 0 })
  }
  const meter = newMeter()
  const raw = await openFiles(fs, { create: false })
  try {
    const cutLogs = cutLogsOf(raw.logs, segmentBytes)
    const { header: found, slot } = inspect(raw, options, cutLogs)
    const files = meteredFiles(raw, meter)
    const header = new HeaderFile(files.header, found, slot)
    const greatest = Math.max(found.epoch, options.epochFloor ?? 0, ...segmentEpochs(raw))
    await header.settle()
    await header.write({ epoch: epoch(greatest + 1), isClean: false })
    cutLogs.forEach(makeWhole)
    return {
      fs,
      files,
      header,
      meter,
      before: found,
      found: isNew ? 'created' : 'existing',
      cutLog: cutLogs[0],
      checksum: options.checksum,
      timeMs: options.timeMs ?? 0,
      cacheBytes: options.cacheBytes ?? limits.cacheBytes,
      limits: {
        segmentBytes,
        checkpointBytes: options.checkpointBytes ?? limits.checkpointBytes,
        checkpointStepBytes: options.checkpointStepBytes ?? limits.checkpointStepBytes,
      },
    }
  } catch (error) {
    closeFiles(raw)
    throw error
  }
}

const others: readonly string[] = [fileNames.table, fileNames.home, ...fileNames.logs]

/** No store, or one whose making was interrupted. The header is made before every other file. */
async function mustCreate(fs: FileSystem): Promise<boolean> {
  const names = (await fs.list()).filter((name) => name !== 'lease')
  if (names.length === 0) return true
  if (!names.includes(fileNames.header)) {
    throw names.some((name) => others.includes(name)) && (await hasOurLog(fs, names))
      ? corrupt('HEADER_CORRUPT', fileNames.header, 'is missing')
      : foreign(fs)
  }
  const slots = await withFile(fs, fileNames.header, readHeader)
  const newest = newestOf(slots)
  if (newest !== undefined) {
    if (newest.isCreating) {
      // While a store is made its home stays empty: bytes in it are somebody else's.
      if (names.includes(fileNames.home) && (await withFile(fs, fileNames.home, (file) => file.size())) > 0)
        throw foreign(fs)
      return true
    }
    for (const [code, name] of missingCodes) if (!names.includes(name)) throw corrupt(code, name, 'is missing')
    return false
  }
  const unknown = slots.slots.find((slot) => slot.kind === 'unknown-format')
  if (unknown !== undefined) throw unknownFormat(fileNames.header, unknown.version)
  if (names.length === 1 && isHalfMade(slots)) return true
  if (slots.slots.some(({ kind }) => kind === 'damaged') || (await hasOurLog(fs, names))) {
    throw corrupt('HEADER_CORRUPT', fileNames.header, 'has no valid slot')
  }
  throw foreign(fs)
}

const missingCodes = [
  ['TABLE_CORRUPT', fileNames.table],
  ['HOME_CORRUPT', fileNames.home],
  ...fileNames.logs.map((name) => ['LOG_CORRUPT', name] as const),
] as const

/** All that the first step of making a store can leave: whole sectors, and nothing beside them. */
const isHalfMade = ({ bytes, slots }: HeaderSlots): boolean =>
  bytes === 0 ||
  slots.every(({ kind }) => kind === 'empty' || kind === 'damaged') ||
  (bytes <= HEADER_FILE_BYTES && bytes % 512 === 0)

async function hasOurLog(fs: FileSystem, names: readonly string[]): Promise<boolean> {
  for (const name of fileNames.logs) {
    if (!names.includes(name)) continue
    const { kind } = await withFile(fs, name, readSegmentHeader)
    if (kind === 'sound' || kind === 'damaged') return true
  }
  return false
}

async function withFile<T>(fs: FileSystem, name: string, look: (file: StoreFile) => T): Promise<T> {
  const file = await fs.open(name, { create: false })
  try {
    return look(file)
  } finally {
    file.close()
  }
}

/** Everything that can be refused without reading the log. */
function inspect(
  files: StoreFiles,
  options: StoreOptions,
  [cutLog]: readonly CutLog[],
): { readonly header: Header; readonly slot: 0 | 1 } {
  const slots = readHeader(files.header)
  const header = newestOf(slots)
  if (header === undefined) throw corrupt('HEADER_CORRUPT', fileNames.header, 'has no valid slot')
  const { blockSize } = header
  if (options.blockSize !== undefined && options.blockSize !== blockSize) {
    throw new DatabaseError(
      'BLOCK_SIZE_MISMATCH',
      `the store has blocks of ${blockSize} bytes, not ${options.blockSize}`,
      {
        details: { blockSize, asked: options.blockSize },
      },
    )
  }
  const unknown = slots.slots.find((slot) => slot.kind === 'unknown-format')
  if (unknown !== undefined) throw unknownFormat(fileNames.header, unknown.version)
  if (cutLog !== undefined && options.onCorruption === 'fail') throw cutRefusal(cutLog)
  assertLogStart(files, header)
  const [first] = slots.slots
  return { header, slot: first.kind === 'sound' && first.value.headerSeq === header.headerSeq ? 0 : 1 }
}

function assertLogStart({ logs }: StoreFiles, { logStart, storeId }: Header): void {
  const found = logs.map((file) => ({ file, segment: readSegmentHeader(file) }))
  for (const { file, segment } of found) {
    if (segment.kind === 'unknown-format') throw unknownFormat(file.name, segment.version)
  }
  const sequences = found.flatMap(({ segment }) =>
    segment.kind === 'sound' && segment.value.storeId === storeId ? [segment.value.sequence] : [],
  )
  const isWhole = found.every(({ segment }) => segment.kind === 'sound' || segment.kind === 'empty')
  if (isWhole && !sequences.includes(logStart) && sequences.some((sequence) => sequence > logStart)) {
    throw corrupt('HEADER_CORRUPT', fileNames.header, 'is older than the start of the log')
  }
}

const segmentEpochs = ({ logs }: StoreFiles): number[] =>
  logs.map(readSegmentHeader).flatMap((segment) => (segment.kind === 'sound' ? [segment.value.epoch] : []))

const meteredFiles = ({ header, table, home, logs }: StoreFiles, meter: OpenedFiles['meter']): StoreFiles => ({
  header: metered(header, meter),
  table: metered(table, meter),
  home: metered(home, meter),
  logs: logs.map((file) => metered(file, meter)),
})

const corrupt = (
  code: 'HEADER_CORRUPT' | 'TABLE_CORRUPT' | 'LOG_CORRUPT' | 'HOME_CORRUPT',
  file: string,
  what: string,
) => new DatabaseError(code, `${file} ${what}`, { details: { file } })

const foreign = ({ location }: FileSystem) =>
  new DatabaseError('STORE_FOREIGN', `${location} holds files, and they are not a database of ours`, {
    details: { location },
  })

const unknownFormat = (file: string, version: number) =>
  new DatabaseError('FORMAT_UNKNOWN', `${file} has format version ${version}, which this version does not know`, {
    details: { file, version },
  })
