/** Reads the home: pages of the table, then segments, many at a time. Bytes are compared with their checksums when they are asked for. */
import { blockNo } from '../../units.ts'
import type { Header } from '../header.ts'
import { SECTOR_BYTES } from '../format.ts'
import type { Connection } from './connection.ts'
import { reading } from './reading.ts'
import type { Resident } from './resident.ts'
import { BATCH_BYTES, blocksPerSegment, type StoreName } from './schema.ts'

export interface HomeFound {
  readonly damagedPages: readonly number[]
  /** Bytes of each segment that is there. */
  readonly segments: ReadonlyMap<number, number>
}

/** Fills `resident` with what the home holds as of its header. */
export async function loadHome(connection: Connection, header: Header, resident: Resident): Promise<HomeFound> {
  const damagedPages: number[] = []
  const perBatch = Math.floor(BATCH_BYTES / SECTOR_BYTES)
  await readRange(connection, 'table', { end: header.tablePages, perBatch }, (pageNo, bytes) => {
    if (!resident.table.load(bytes)) damagedPages.push(pageNo)
  })
  const segments = new Map<number, number>()
  const end = Math.ceil(header.sizeBlocks / blocksPerSegment(header.blockSize))
  const segmentBytes = blocksPerSegment(header.blockSize) * header.blockSize
  await readRange(connection, 'segments', { end, perBatch: Math.ceil(BATCH_BYTES / segmentBytes) }, (no, bytes) => {
    if (bytes === undefined) return
    segments.set(no, bytes.length)
    resident.blocks.load(no, bytes)
  })
  resident.sizeBlocks = header.sizeBlocks
  return { damagedPages, segments }
}

/** Values 0…end−1 of a store in order, undefined where there is none. */
export async function readRange(
  connection: Connection,
  store: Extract<StoreName, 'table' | 'segments'>,
  { end, perBatch, from = 0 }: { readonly end: number; readonly perBatch: number; readonly from?: number },
  found: (key: number, bytes: Uint8Array | undefined) => void,
): Promise<void> {
  for (let first = from; first < end; first += perBatch) {
    const range = IDBKeyRange.bound(first, Math.min(end, first + perBatch) - 1)
    const [keys, values] = await reading(connection, async (database) => {
      const reader = database.transaction(store).store
      return Promise.all([reader.getAllKeys(range), reader.getAll(range)])
    })
    const byKey = new Map(keys.map((key, index) => [key, values[index]]))
    for (let key = first; key < Math.min(end, first + perBatch); key++) found(key, byKey.get(key))
  }
}

/** Blocks that have an entry and no bytes: the home has lost them. */
export function missingBlocks({ table, blocks }: Resident, sizeBlocks: number, { segments }: HomeFound) {
  const missing: number[] = []
  for (const [at, entry] of table.entries()) {
    if (entry.isTombstone || at >= sizeBlocks) continue
    const bytes = segments.get(blocks.slabOf(at)) ?? 0
    if (((at % blocks.perSlab) + 1) * blocks.blockSize > bytes && !blocks.isVerified(at)) missing.push(at)
  }
  return missing.map(blockNo)
}
