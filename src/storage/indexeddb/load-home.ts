/** Reads what a home is: the pages of its table, and which segments there are. Their bytes are read by loading.ts. */
import type { BlockNo } from '../../units.ts'
import type { Header } from '../header.ts'
import { SECTOR_BYTES } from '../format.ts'
import type { Connection } from './connection.ts'
import { reading } from './reading.ts'
import type { Resident } from './resident.ts'
import { BATCH_BYTES, type StoreName } from './schema.ts'

export interface HomeFound {
  readonly damagedPages: readonly number[]
  /** That are there. */
  readonly segments: readonly number[]
}

/** Fills the table of `resident` with what the home holds as of its header; its segments are awaited then. */
export async function loadHome(connection: Connection, header: Header, resident: Resident): Promise<HomeFound> {
  const damagedPages: number[] = []
  const perBatch = Math.floor(BATCH_BYTES / SECTOR_BYTES)
  const end = Math.ceil(header.sizeBlocks / resident.blocks.perSlab)
  const [segments] = await Promise.all([
    end === 0 ? [] : reading(connection, async (db) => db.getAllKeys('segments', IDBKeyRange.bound(0, end - 1))),
    readRange(connection, 'table', { end: header.tablePages, perBatch }, (pageNo, bytes) => {
      if (!resident.table.load(bytes)) damagedPages.push(pageNo)
    }),
  ])
  resident.blocks.expect(segments)
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

/** Blocks that have an entry and no bytes: the home has lost them. One whose segment is awaited is taken to be there. */
export function missingBlocks({ table, blocks }: Resident, sizeBlocks: number): BlockNo[] {
  const missing: BlockNo[] = []
  for (const [at, entry] of table.entries()) {
    if (entry.isTombstone || at >= sizeBlocks || blocks.isAwaited(at) || blocks.isVerified(at)) continue
    const bytes = blocks.bytesReadOf(blocks.slabOf(at)) ?? 0
    if (((at % blocks.perSlab) + 1) * blocks.blockSize > bytes) missing.push(at)
  }
  return missing
}
