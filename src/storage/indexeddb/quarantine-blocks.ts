/** Keeps damaged bytes as they were found, beside the header; the damage stays visible until the block is written again. */
import type { DamagedBlock } from '../block-store.ts'
import type { QuarantinedBytes } from '../recovery-report.ts'
import { fencedWrite } from './fenced-write.ts'
import type { Parts } from './parts.ts'
import { headerKeys } from './schema.ts'

/** Of what one recovery found, in its order; each recovery has an epoch of its own. */
const PER_EPOCH = 1_000_000
const BLOCKS_FROM = 1000

export const quarantineKeyOf = (epoch: number, index: number): number =>
  headerKeys.quarantine + epoch * PER_EPOCH + index

export async function quarantineBlocks(
  { connection, header, state, meter }: Parts,
  damaged: readonly DamagedBlock[],
): Promise<QuarantinedBytes[]> {
  const { blocks } = state.resident
  const kept = damaged.flatMap(({ blockNo, file }, index) => {
    const bytes = blocks.get(blockNo)?.slice()
    const key = quarantineKeyOf(header.epoch, BLOCKS_FROM + index)
    return bytes === undefined ? [] : [{ key, bytes, at: blockNo * blocks.blockSize, from: file }]
  })
  if (kept.length === 0) return []
  await fencedWrite(connection, {
    stores: ['header'],
    durability: 'strict',
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue(tx) {
      for (const { key, bytes } of kept) tx.objectStore('header').put(bytes, key)
    },
  })
  meter.barriers++
  return kept.map(({ key, bytes, at, from }) => ({ file: `header/${key}`, from, at, bytes: bytes.length }))
}
