/** Reads the log: records in the order of their transactions, long ones put together from their chunks. */
import { decodeRecord, type ByteSource, type DecodedRecord } from '../record-decoder.ts'
import type { Connection } from './connection.ts'
import { reading } from './reading.ts'
import { BATCH_BYTES, type ChunkKey, type LogKey, type LongRecord } from './schema.ts'

/** One value of the log and what it is. */
export interface LogFinding {
  readonly key: number
  readonly decoded: DecodedRecord
  readonly source: ByteSource
  /** Chunks that the value claims; 0: it is the record itself. */
  readonly chunks: number
  /** Epoch under which they lie. */
  readonly chunkEpoch: number
  readonly bytes: number
}

export interface LogKeys {
  readonly records: readonly number[]
  readonly chunks: readonly ChunkKey[]
}

const FIRST_BATCH = 16

export async function readLogKeys(connection: Connection): Promise<LogKeys> {
  return splitKeys(await reading(connection, async (database) => database.getAllKeys('log')))
}

export function splitKeys(keys: readonly LogKey[]): LogKeys {
  return {
    records: keys.filter((key) => typeof key === 'number'),
    chunks: keys.filter((key) => typeof key !== 'number'),
  }
}

/** Hands over each record; not more than about BATCH_BYTES are held at once, a long record apart. */
export async function readLog(
  connection: Connection,
  keys: readonly number[],
  storeId: string,
  found: (finding: LogFinding) => void,
): Promise<void> {
  let count = FIRST_BATCH
  for (let from = 0; from < keys.length;) {
    const batch = keys.slice(from, from + count)
    const range = IDBKeyRange.bound(batch[0], batch.at(-1))
    const values = await reading(connection, async (database) => database.getAll('log', range))
    for (const [index, value] of values.entries()) found(await findingOf(connection, batch[index] ?? 0, value, storeId))
    const bytes = values.reduce((sum, value) => sum + (value instanceof Uint8Array ? value.length : 0), 0)
    from += batch.length
    count = Math.max(1, Math.min(4 * count, Math.floor((BATCH_BYTES * values.length) / Math.max(1, bytes))))
  }
}

export async function readRecord(connection: Connection, key: number, storeId: string): Promise<LogFinding> {
  const value = await reading(connection, async (database) => database.get('log', key))
  return findingOf(connection, key, value, storeId)
}

async function findingOf(
  connection: Connection,
  key: number,
  value: Uint8Array | LongRecord | undefined,
  storeId: string,
): Promise<LogFinding> {
  if (value === undefined || value instanceof Uint8Array) {
    const source = sourceOf([value ?? new Uint8Array(0)])
    return { key, decoded: decodeRecord(source, 0, storeId), source, chunks: 0, chunkEpoch: 0, bytes: source.size() }
  }
  const { epoch, chunks } = value
  const range = IDBKeyRange.bound([epoch, key, 0], [epoch, key, chunks - 1])
  const values = await reading(connection, async (database) => database.getAll('log', range))
  const source = sourceOf(values.filter((chunk) => chunk instanceof Uint8Array))
  return { key, decoded: decodeRecord(source, 0, storeId), source, chunks, chunkEpoch: epoch, bytes: source.size() }
}

/** Bytes that lie in pieces. */
export function sourceOf(pieces: readonly Uint8Array[]): ByteSource {
  const size = pieces.reduce((sum, { length }) => sum + length, 0)
  return {
    size: () => size,
    read(into, at) {
      let done = 0
      let start = 0
      for (const piece of pieces) {
        const from = at + done - start
        start += piece.length
        if (from < 0 || from >= piece.length || done === into.length) continue
        const part = piece.subarray(from, from + into.length - done)
        into.set(part, done)
        done += part.length
      }
      return done
    },
  }
}
