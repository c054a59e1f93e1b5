/**
 * Writes one commit record. A short one is one value; a long one lies in chunks, and only the marker makes a record of them:
 *
 *   [epoch, firstTxid, 0] … [epoch, firstTxid, n−1]      alone they are nothing
 *   firstTxid → { epoch, chunks: n, bytes }              in the transaction of the last chunk
 *
 * One transaction at the level asked for takes them all, up to a size: a commit may have to wait for it. Of a longer record what does not
 * fit goes before it, relaxed; a strict transaction flushes all before it.
 */
import { type RecordEncoder, type RecordInput, recordBytesOf } from '../record.ts'
import { fencedWrite } from './fenced-write.ts'
import type { LoggedRecord } from './log-index.ts'
import type { Parts } from './parts.ts'
import type { LogKey, LongRecord } from './schema.ts'

type Durability = 'strict' | 'relaxed'

/** @throws what fencedWrite throws; the record is not there then, unless the outcome is unknown */
export async function writeRecord(
  parts: Parts,
  encoder: RecordEncoder,
  input: RecordInput,
  durability: Durability,
): Promise<LoggedRecord> {
  const { blockSize } = parts.header
  const { chunkBytes, transactionBytes } = parts.limits
  const bytes = recordBytesOf(input.entries.length, input.images.length, input.requests.length, blockSize)
  const { epoch, firstTxid, lastTxid } = input
  if (bytes <= chunkBytes) {
    const { record, hash } = encoder.encodeWhole(input)
    await write(parts, durability, [[firstTxid, record]])
    return { epoch, firstTxid, lastTxid, hash, bytes, chunks: 0 }
  }
  // Values are cloned with the whole buffer behind them: each has one of its own size.
  const pieces = Array.from(
    { length: Math.ceil(bytes / chunkBytes) },
    (_, index) => new Uint8Array(Math.min(chunkBytes, bytes - index * chunkBytes)),
  )
  const { hash } = encoder.encode(input, (part, at) => putInto(pieces, { chunkBytes, part, at }))
  const chunks = pieces.map((piece, index): LogValue => [[epoch, firstTxid, index], piece])
  const together = Math.max(1, Math.floor(transactionBytes / chunkBytes))
  const last = Math.floor((chunks.length - 1) / together) * together
  try {
    for (let from = 0; from < last; from += together) await write(parts, 'relaxed', chunks.slice(from, from + together))
    await write(parts, durability, [...chunks.slice(last), [firstTxid, { epoch, chunks: chunks.length, bytes }]])
  } catch (error) {
    if (last > 0) await dropChunks(parts, { epoch, firstTxid })
    throw error
  }
  return { epoch, firstTxid, lastTxid, hash, bytes, chunks: chunks.length }
}

type LogValue = readonly [key: LogKey, value: Uint8Array | LongRecord]

async function write(
  { connection, header, meter }: Parts,
  durability: Durability,
  values: readonly LogValue[],
): Promise<void> {
  await fencedWrite(connection, {
    stores: ['log'],
    durability,
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue(tx) {
      const log = tx.objectStore('log')
      for (const [key, value] of values) log.put(value, key)
    },
  })
  if (durability === 'strict') meter.barriers++
  for (const [, value] of values) if (value instanceof Uint8Array) meter.bytesWritten += value.length
}

/** So that they do not take up a quota that is short. Left behind they are nothing; the next recovery deletes them. */
async function dropChunks({ connection, header }: Parts, at: Pick<LoggedRecord, 'epoch' | 'firstTxid'>): Promise<void> {
  const range = chunksOf(at)
  await fencedWrite(connection, {
    stores: ['log'],
    durability: 'relaxed',
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue: (tx) => {
      // A marker whose outcome is unknown may be there: without its chunks it would be damage.
      tx.objectStore('log').delete(at.firstTxid)
      tx.objectStore('log').delete(range)
    },
  }).catch(() => undefined)
}

export const chunksOf = ({ epoch, firstTxid }: Pick<LoggedRecord, 'epoch' | 'firstTxid'>): IDBKeyRange =>
  IDBKeyRange.bound([epoch, firstTxid], [epoch, firstTxid, []])

function putInto(
  pieces: readonly Uint8Array[],
  { chunkBytes, part, at }: { readonly chunkBytes: number; readonly part: Uint8Array; readonly at: number },
): void {
  for (let done = 0; done < part.length;) {
    const within = (at + done) % chunkBytes
    const count = Math.min(part.length - done, chunkBytes - within)
    pieces[Math.floor((at + done) / chunkBytes)]?.set(part.subarray(done, done + count), within)
    done += count
  }
}
