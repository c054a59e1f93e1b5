/**
 * Folds sealed segments into the home. Order, each step behind the one before it; with the log's barrier goes a look at the epoch, because
 * what is folded can no more be made void:
 *
 *   log barrier → guard bytes → home blocks, table slots → barrier of both → header → cut the home, recycle the segments
 *
 * Until the header is durable nothing that recovery needs has changed: the log still holds every image that the home was given, and
 * the table was written beside its current slots. A checkpoint that fails or is interrupted is simply run again.
 */
import { assert } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import { type BlockNo, blockNo, txid } from '../units.ts'
import type { CheckpointOptions, CheckpointResult } from './block-store.ts'
import type { Header } from './header.ts'
import { cutHome, giveBackGrown, type StepOptions } from './give-back.ts'
import { locate, type Located, type Segment } from './segment.ts'
import type { StoreParts } from './store-parts.ts'

export interface FoldOptions extends StepOptions {
  /** Images that are not sound are left out, and their blocks read as damaged; else they end the fold. */
  readonly skipsDamaged: boolean
  /** What else the header says from then on. */
  readonly header?: Partial<Header>
}

export interface CheckpointPorts {
  readonly isDue: boolean
  /** See FoldOptions. */
  readonly stillOurs: () => void
  readonly barrier: () => Promise<void>
  /** Seals the active segment by beginning another. */
  readonly beginSegment: () => void
}

/** What is worth folding: sealed segments that hold commits. With `everything` the active one is sealed first. */
export async function checkpoint(
  parts: StoreParts,
  options: CheckpointOptions,
  ports: CheckpointPorts,
): Promise<CheckpointResult> {
  const { log, reader, header } = parts
  let result: CheckpointResult = { checkpointedTxid: header.current.checkpointedTxid, blocks: 0, bytes: 0 }
  if (reader.hasPins) return result
  const targetTxid = log.lastTxid
  const fold = async () => {
    await ports.barrier()
    const folded = await foldSegments(parts, log.sealed, {
      ...foldPause(options),
      stillOurs: ports.stillOurs,
      skipsDamaged: false,
    })
    result = { ...folded, blocks: result.blocks + folded.blocks, bytes: result.bytes + folded.bytes }
  }
  const mustSeal = () =>
    log.active.lastTxid > header.current.checkpointedTxid &&
    holdsCommits(log.active) &&
    (options.everything === true
      ? log.active.header.firstTxid <= targetTxid
      : ports.isDue && !log.sealed.some(holdsCommits))
  if (mustSeal() && log.spares.length === 0) await fold()
  if (mustSeal()) ports.beginSegment()
  if (log.sealed.length > 0) await fold()
  return result
}

const foldPause = ({ pause }: CheckpointOptions) => (pause === undefined ? {} : { pause })

const holdsCommits = ({ header, lastTxid }: Segment): boolean => lastTxid >= header.firstTxid

/** Folds the given oldest segments, all of them durable, and begins the log behind them. */
export async function foldSegments(
  parts: StoreParts,
  segments: readonly Segment[],
  options: FoldOptions,
): Promise<CheckpointResult & { readonly tablePages: number }> {
  const { header, table, home, log, reader } = parts
  const last = segments.at(-1)
  const next = log.segments[segments.length]
  if (last === undefined || next === undefined)
    throw new RangeError('a fold leaves an active segment behind what it folds')
  const isFolded = segments.some(holdsCommits)
  const blocks = isFolded ? blocksOf(segments) : new Float64Array()
  await header.reassert()
  options.stillOurs()
  const bytes = isFolded ? await writeHome(parts, segments, blocks, options) : 0
  const generation = header.current.tableGeneration + 1
  const pages = table.dirtyPages
  if (pages.length > 0) {
    table.writeDirty(generation)
    await parts.files.table.flushAsync()
    options.stillOurs()
  }
  options.stillOurs()
  await header.write({
    ...options.header,
    isClean: false,
    isPlain: header.current.isPlain && !isFolded,
    checkpointedTxid: txid(next.header.firstTxid - 1),
    durableThrough: log.durableTxid,
    chain: last.hash,
    logStart: next.header.sequence,
    sizeBlocks: last.sizeBlocks,
    guarded: home.guarded,
    ...(pages.length === 0
      ? {}
      : { tableGeneration: generation, tableHash: table.hash(), tablePages: table.pageCount }),
  })
  table.settle(pages)
  reader.noteFolded(segments)
  const { checkpointedTxid } = header.current
  const isCopied = header.isCopied
  log.release(segments)
  if (isFolded) await cutHome(parts, last.sizeBlocks, options)
  if (isCopied) for (const segment of segments) await giveBackGrown(parts, segment, options)
  return { checkpointedTxid, blocks: blocks.length, bytes, tablePages: pages.length }
}

/** In the order in which they lie in the home. Of a typed array, because it is sorted in one go. */
function blocksOf(segments: readonly Segment[]): Float64Array {
  const blocks = new Set<BlockNo>()
  for (const { frames } of segments) for (const at of frames.keys()) blocks.add(at)
  return Float64Array.from(blocks).sort()
}

async function writeHome(
  parts: StoreParts,
  segments: readonly Segment[],
  blocks: Float64Array,
  options: FoldOptions,
): Promise<number> {
  const { home, blockSize, limits } = parts
  await home.guard()
  options.stillOurs()
  // What lies behind the database is of an earlier one, or of a fold that failed: it must not come back when the home grows.
  home.cutTo(parts.header.current.sizeBlocks)
  const sizeBlocks = segments.at(-1)?.sizeBlocks ?? 0
  const image = new Uint8Array(blockSize)
  let bytes = 0
  let stepBytes = 0
  for (const block of blocks) {
    const at = blockNo(block)
    const source = locate(at, segments)
    assert(source !== undefined, 'a block that is folded is in a segment')
    const written = foldBlock(parts, at, { source, sizeBlocks, skipsDamaged: options.skipsDamaged }, image)
    bytes += written
    stepBytes += written
    if (stepBytes < limits.checkpointStepBytes || options.pause === undefined) continue
    stepBytes = 0
    await options.pause()
    options.stillOurs()
  }
  home.growTo(sizeBlocks)
  await parts.files.home.flushAsync()
  options.stillOurs()
  return bytes
}

function foldBlock(
  { home, table, reader, blockSize }: StoreParts,
  at: BlockNo,
  { source, sizeBlocks, skipsDamaged }: { source: Located; sizeBlocks: number; skipsDamaged: boolean },
  image: Uint8Array,
): number {
  const { segment, frame } = source
  table.set(at, frame)
  if (at === 0 && frame.isTombstone) home.giveUpFirst()
  if (at >= sizeBlocks) return 0
  if (frame.isTombstone) {
    home.writeZeros(at)
    return blockSize
  }
  try {
    reader.readFrame(at, segment, frame, image)
  } catch (error) {
    if (skipsDamaged && error instanceof DatabaseError) return 0
    throw error
  }
  home.write(at, image)
  return blockSize
}
