/** From a group of sealed transactions to the contents of its record: identity of each block that it writes or gives up. */
import { assert } from '../assert.ts'
import { type BlockNo, blockNo } from '../units.ts'
import type { BlockEntry } from './block-entry.ts'
import type { ChecksumAlgorithm, Group } from './block-store.ts'
import { algorithmIds, checksumById } from './checksum.ts'
import type { RecordBody } from './record.ts'
import { encodeRequests } from './request-table.ts'

/** What the blocks are before the group. */
export interface BlocksBefore {
  readonly reader: { entryOf(at: BlockNo): BlockEntry | undefined }
  readonly log: { readonly sizeBlocks: number }
  readonly checksum: ChecksumAlgorithm
}

export function bodyOf({ reader, log, checksum }: BlocksBefore, group: Group): RecordBody {
  const { firstTxid, lastTxid, timeMs, sizeBlocks } = group
  const algorithmId = algorithmIds[checksum]
  const blockNos: BlockNo[] = []
  const entries: BlockEntry[] = []
  const images: Uint8Array[] = []
  const lastModifiedMs = timeMs
  for (const [at, image] of group.blocks) {
    assert(at < sizeBlocks, 'a block that is written is part of the database')
    const version = (reader.entryOf(at)?.version ?? 0) + 1
    const sum = checksumById(algorithmId, image) ?? 0n
    blockNos.push(at)
    images.push(image)
    entries.push({ txid: lastTxid, version, checksum: sum, algorithmId, lastModifiedMs, isTombstone: false })
  }
  if (group.freed.size > 0 || sizeBlocks < log.sizeBlocks) {
    for (const [at, { version }] of givenUpBy(group, log.sizeBlocks, (at) => reader.entryOf(at))) {
      blockNos.push(at)
      entries.push({ txid: lastTxid, version, checksum: 0n, algorithmId: 0, lastModifiedMs, isTombstone: true })
    }
  }
  const requests = encodeRequests(group.requests)
  return { firstTxid, lastTxid, timeMs, sizeBlocks, blockNos, entries, images, requests }
}

/** Live blocks that the group frees, and those behind its end. */
function givenUpBy(
  { freed, sizeBlocks }: Group,
  sizeBefore: number,
  entryOf: (at: BlockNo) => BlockEntry | undefined,
): (readonly [BlockNo, BlockEntry])[] {
  const cut = Array.from({ length: Math.max(0, sizeBefore - sizeBlocks) }, (_, index) => blockNo(sizeBlocks + index))
  return [...freed, ...cut].flatMap((at) => {
    const entry = entryOf(at)
    return entry === undefined || entry.isTombstone ? [] : [[at, entry] as const]
  })
}
