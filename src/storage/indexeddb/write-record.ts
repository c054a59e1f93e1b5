/**
 * Writes one commit record. One value, one transaction; a long one in chunks, each in a transaction of its own, and only the marker in the
 * last one makes a record of them:
 *
 *   [epoch, firstTxid, 0] … [epoch, firstTxid, n−1]      relaxed: alone they are nothing
 *   firstTxid → { epoch, chunks: n, bytes }              at the level asked for; strict flushes all before it
 */
import { type RecordEncoder, type RecordInput, recordBytesOf } from '../record.ts'
import { fencedWrite } from './fenced-write.ts'
import type { LoggedRecord } from './log-index.ts'
import type { Parts } from './parts.ts'
import type { LongRecord } from './schema.ts'

type Durability = 'strict' | 'relaxed'

/** @throws what fencedWrite throws; the record is not there then, unless the outcome is unknown */
export async function writeRecord(
  parts: Parts,
  encoder: RecordEncoder,
  input: RecordInput,
  durability: Durability,
): Promise<LoggedRecord> {
  const { blockSize } = parts.header
  const { chunkBytes } = parts.limits
  const bytes = recordBytesOf(input.entries.length, input.images.length, input.requests.length, blockSize)
  const { epoch, firstTxid, lastTxid } = input
  if (bytes <= chunkBytes) {
    const { record, hash } = encoder.encodeWhole(input)
    await write(parts, durability, firstTxid, record)
    return { epoch, firstTxid, lastTxid, hash, bytes, chunks: 0 }
  }
  // Values are cloned with the whole buffer behind them: each has one of its own size.
  const pieces = Array.from(
    { length: Math.ceil(bytes / chunkBytes) },
    (_, index) => new Uint8Array(Math.min(chunkBytes, bytes - index * chunkBytes)),
  )
  const { hash } = encoder.encode(input, (part, at) => putInto(pieces, { chunkBytes, part, at }))
  try {
    for (const [index, piece] of pieces.entries()) await write(parts, 'relaxed', [epoch, firstTxid, index], piece)
    await write(parts, durability, firstTxid, { epoch, chunks: pieces.length, bytes })
  } catch (error) {
    await dropChunks(parts, { epoch, firstTxid })
    throw error
  }
  return { epoch, firstTxid, lastTxid, hash, bytes, chunks: pieces.length }
}

async function write(
  { connection, header, meter }: Parts,
  durability: Durability,
  key: IDBValidKey,
  value: Uint8Array | LongRecord,
): Promise<void> {
  await fencedWrite(connection, {
    stores: ['log'],
    durability,
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue: (tx) => void tx.objectStore('log').put(value, key),
  })
  if (durability === 'strict') meter.barriers++
  if (value instanceof Uint8Array) meter.bytesWritten += value.length
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
