/**
 * Folds the log into the home, in steps of one transaction each:
 *
 *   barrier ─▶ segments … ─▶ table pages … ─▶ header, requests, log deleted: one strict transaction
 *
 * What is folded is the database as of its beginning, whatever is committed meanwhile. Until the last step the header is the old one
 * and the log holds every image after it, so that a step that is lost, or done twice, is redone over whatever it left.
 */
import type { BlockNo, Txid } from '../../units.ts'
import { blockNo, txid } from '../../units.ts'
import type { CheckpointResult } from '../block-store.ts'
import type { Header } from '../header.ts'
import { ENTRIES_PER_PAGE } from '../table-page.ts'
import { pageBytesOf } from './begin-reign.ts'
import { encodeCarried } from './carried-requests.ts'
import { fencedWrite } from './fenced-write.ts'
import type { LoggedRecord } from './log-index.ts'
import type { Parts, State } from './parts.ts'
import type { Pin } from './resident.ts'
import { moveHeader } from './settle-header.ts'
import { headerKeys, type StoreName } from './schema.ts'
import { chunksOf } from './write-record.ts'

export interface FoldPorts {
  /** Runs one step between commits. @throws when the store is no longer what the fold began with */
  readonly step: <T>(work: () => Promise<T>) => Promise<T>
  readonly pause: () => Promise<void>
}

interface Fold {
  readonly parts: Parts
  readonly state: State
  readonly pin: Pin
  readonly blocks: ReadonlySet<BlockNo>
  readonly records: readonly LoggedRecord[]
  readonly requests: Uint8Array
  readonly header: Header
}

/** Everything in the log is durable. Called inside a step, so that nothing is committed while it looks. */
export function beginFold(parts: Parts): Fold {
  const { state, header } = parts
  const { resident, log, unfolded, requests } = state
  state.unfolded = new Set()
  return {
    parts,
    state,
    pin: resident.hold(),
    blocks: unfolded,
    records: [...log.records],
    requests: encodeCarried(requests),
    header: {
      ...header,
      checkpointedTxid: log.lastTxid,
      durableThrough: log.lastTxid,
      chain: log.hash,
      sizeBlocks: resident.sizeBlocks,
      tablePages: resident.table.pageCount,
      tableGeneration: header.tableGeneration + 1,
    },
  }
}

export async function runFold(fold: Fold, ports: FoldPorts): Promise<CheckpointResult> {
  const { parts, state, pin, blocks } = fold
  let bytes = 0
  try {
    for (const [store, values] of [['segments', segmentsOf(fold)] as const, ['table', pagesOf(fold)] as const]) {
      for (const batch of inSteps(values, parts.limits.checkpointStepBytes)) {
        bytes += await ports.step(() => putAll(parts, store, batch))
        await ports.pause()
      }
    }
    await ports.step(() => finish(fold))
  } catch (error) {
    for (const at of blocks) state.unfolded.add(at)
    throw error
  } finally {
    state.resident.release(pin)
  }
  return { checkpointedTxid: fold.header.checkpointedTxid, blocks: blocks.size, bytes }
}

type Value = readonly [key: number, bytes: () => Uint8Array, size: number]

/** Segments with a block that changed, below the end of the database. */
function segmentsOf({ state: { resident }, pin, blocks, header: { sizeBlocks, blockSize } }: Fold): Value[] {
  const { perSlab } = resident.blocks
  const inside = [...blocks].filter((at) => at < sizeBlocks)
  const numbers = [...new Set(inside.map((at) => resident.blocks.slabOf(at)))].sort((a, b) => a - b)
  return numbers.map((no): Value => {
    const count = Math.min(perSlab, sizeBlocks - no * perSlab)
    return [no, () => segmentAsOf(resident, pin, { first: no * perSlab, count }), count * blockSize]
  })
}

function segmentAsOf(
  { blocks }: State['resident'],
  { before }: Pin,
  { first, count }: { readonly first: number; readonly count: number },
): Uint8Array {
  const bytes = new Uint8Array(count * blocks.blockSize)
  for (let index = 0; index < count; index++) {
    const at = blockNo(first + index)
    const kept = before.get(at)
    const image = kept === undefined ? blocks.get(at) : kept.image
    if (image !== undefined) bytes.set(image, index * blocks.blockSize)
  }
  return bytes
}

/** Pages with a block that changed, and those that the table has grown by, which may hold none. */
function pagesOf({ parts, state: { resident }, pin, blocks, header: { tableGeneration, tablePages } }: Fold): Value[] {
  const changed = [...blocks].map((at) => Math.floor(at / ENTRIES_PER_PAGE))
  const before = parts.header.tablePages
  const added = Array.from({ length: Math.max(0, tablePages - before) }, (_, index) => before + index)
  const numbers = [...new Set([...changed, ...added])].sort((a, b) => a - b)
  return numbers.map((no): Value => {
    const bytes = () =>
      resident.table.sealed(no, new Map([...pin.before].map(([at, { entry }]) => [at, entry])), tableGeneration)
    return [no, bytes, 4096]
  })
}

function* inSteps(values: readonly Value[], stepBytes: number): Generator<readonly Value[]> {
  let step: Value[] = []
  let bytes = 0
  for (const value of values) {
    if (step.length > 0 && bytes + value[2] > stepBytes) {
      yield step
      ;[step, bytes] = [[], 0]
    }
    step.push(value)
    bytes += value[2]
  }
  if (step.length > 0) yield step
}

async function putAll(
  { connection, header, meter }: Parts,
  store: StoreName,
  values: readonly Value[],
): Promise<number> {
  let bytes = 0
  await fencedWrite(connection, {
    stores: [store],
    durability: 'relaxed',
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue(tx) {
      for (const [key, make] of values) {
        const value = make()
        bytes += value.length
        tx.objectStore(store).put(value, key)
      }
    },
  })
  meter.bytesWritten += bytes
  return bytes
}

async function finish({ parts, state, records, requests, header: folded }: Fold): Promise<void> {
  const { connection, header, meter } = parts
  const through: Txid = folded.checkpointedTxid
  const end = Math.ceil(folded.sizeBlocks / state.resident.blocks.perSlab)
  const next: Header = { ...folded, epochEnds: header.epochEnds, epoch: header.epoch, headerSeq: header.headerSeq + 1 }
  parts.headerTried = next
  await fencedWrite(connection, {
    stores: ['log', 'segments'],
    durability: 'strict',
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue(tx) {
      const [log, stored] = [tx.objectStore('log'), tx.objectStore('header')]
      stored.put(pageBytesOf(next), headerKeys.page)
      stored.put(requests, headerKeys.requests)
      log.delete(IDBKeyRange.bound(0, through))
      for (const record of records) if (record.chunks > 0) log.delete(chunksOf(record))
      tx.objectStore('segments').delete(IDBKeyRange.lowerBound(end))
    },
  })
  meter.barriers++
  parts.headerTried = undefined
  moveHeader(parts, next)
}

export const nothingFolded = ({ header }: Parts): CheckpointResult => ({
  checkpointedTxid: txid(header.checkpointedTxid),
  blocks: 0,
  bytes: 0,
})
