/** The small transactions of a store: the marker, the fence read again, the last record read back, the clean header. */
import { DatabaseError } from '../../errors.ts'
import type { Txid } from '../../units.ts'
import { pageBytesOf } from './begin-reign.ts'
import { fencedWrite, superseded } from './fenced-write.ts'
import { failureOf } from './failures.ts'
import { readRecord } from './log-reader.ts'
import type { Parts } from './parts.ts'
import { reading } from './reading.ts'
import { fenceOf, headerKeys, type Schema } from './schema.ts'

/** Durable, and with it everything that was written before. @throws what fencedWrite throws */
export async function putMarker(parts: Parts, through: Txid): Promise<void> {
  await putStrictly(parts, through, headerKeys.marker)
}

export async function writeClean(parts: Parts): Promise<void> {
  const header = { ...parts.header, isClean: true, headerSeq: parts.header.headerSeq + 1 }
  await putStrictly(parts, pageBytesOf(header), headerKeys.page)
  parts.header = header
}

async function putStrictly(
  { connection, header, meter }: Parts,
  value: Schema['header']['value'],
  key: number,
): Promise<void> {
  await fencedWrite(connection, {
    stores: ['header'],
    durability: 'strict',
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue: (tx) => void tx.objectStore('header').put(value, key),
  })
  meter.barriers++
}

/**
 * The browser ends the transaction without waiting for us: a page that is frozen at that moment does not keep the store from whoever
 * takes over.
 * @throws LEASE_LOST, STORE_LOST, STORAGE_FAILED
 */
export async function confirmFence({ connection, header }: Parts): Promise<void> {
  const found = await reading(connection, async (database) => {
    const tx = database.transaction('header')
    const reads = tx.store.get(headerKeys.fence)
    tx.commit()
    const [value] = await Promise.all([reads, tx.done])
    return value
  })
  const fence = fenceOf(found)
  if (fence === undefined) throw failureOf(null, 'read', 'deleted')
  if (fence.epoch !== header.epoch) throw superseded(fence.epoch)
}

/** @throws READBACK_MISMATCH, STORAGE_FAILED */
export async function readBackLast({ connection, header, state }: Parts): Promise<void> {
  const last = state.log.records.at(-1)
  if (last === undefined) return
  const { decoded } = await readRecord(connection, last.firstTxid, header.storeId)
  // The hash covers entries and with them the checksums of all images, so that equal hashes and sound images are equal bytes.
  if (decoded.kind === 'whole' && decoded.record.hash === last.hash && decoded.damaged.length === 0) return
  throw new DatabaseError('READBACK_MISMATCH', `log: record ${last.firstTxid} did not read back as it was written`, {
    details: { file: 'log', at: last.firstTxid },
  })
}
