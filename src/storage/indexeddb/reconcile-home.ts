/** Segments that lie behind the end of the database: a checkpoint that did not end wrote them, and the next one writes its own. */
import { fencedWrite } from './fenced-write.ts'
import type { Parts } from './parts.ts'
import { reading } from './reading.ts'

/** Returns how many bytes that is, whole segments counted. */
export async function cutHome({ connection, header, state }: Parts): Promise<number> {
  const { perSlab, blockSize } = state.resident.blocks
  const end = Math.ceil(Math.max(header.sizeBlocks, state.resident.sizeBlocks) / perSlab)
  const range = IDBKeyRange.lowerBound(end)
  const strays = await reading(connection, async (database) => database.getAllKeys('segments', range))
  if (strays.length === 0) return 0
  await fencedWrite(connection, {
    stores: ['segments'],
    durability: 'relaxed',
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue: (tx) => void tx.objectStore('segments').delete(range),
  })
  return strays.length * perSlab * blockSize
}
