/**
 * Begins a reign: one strict transaction finds the store or makes it, and raises the epoch above every one that is found anywhere. From
 * its `complete` on, no transaction of an earlier reign changes anything.
 */
import type { IDBPTransaction } from 'idb'
import { DatabaseError } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { type Epoch, epoch, txid } from '../../units.ts'
import { loadChecksums } from '../checksum.ts'
import { SECTOR_BYTES } from '../format.ts'
import { decodeHeader, encodeHeader, type Header } from '../header.ts'
import { decodeClaim } from '../record-decoder.ts'
import type { StoreOptions } from '../recovery-state.ts'
import type { Connection } from './connection.ts'
import { dataLost } from './data-loss.ts'
import { failureOf } from './failures.ts'
import { splitKeys } from './log-reader.ts'
import { type Fence, fenceOf, headerKeys, lossOf, markerOf, pageOf, type Schema } from './schema.ts'

export interface Begun {
  readonly found: 'created' | 'existing'
  readonly before: Header
  readonly header: Header
  readonly reign: Epoch
}

export interface ReignOptions extends StoreOptions {
  /** The browser says that it has lost what was here. Default 'fail': STORE_LOST. 'open' makes a store. */
  readonly onLost?: 'fail' | 'open'
}

/** @throws STORE_LOST, HEADER_CORRUPT, FORMAT_UNKNOWN, BLOCK_SIZE_MISMATCH, STORAGE_FULL, STORAGE_FAILED */
export async function beginReign(connection: Connection, options: ReignOptions): Promise<Begun> {
  await loadChecksums()
  const database = await connection.use()
  const tx = database.transaction(['header', 'log'], 'readwrite', { durability: 'strict' })
  tx.done.catch(() => undefined)
  try {
    const begun = await raiseEpoch(tx, options)
    tx.commit()
    await tx.done
    return begun
  } catch (error) {
    abortQuietly(tx)
    throw failureOf(error, 'commit')
  }
}

type Transaction = IDBPTransaction<Schema, ['header', 'log'], 'readwrite'>

async function raiseEpoch(tx: Transaction, options: ReignOptions): Promise<Begun> {
  const store = tx.objectStore('header')
  const [pageFound, fenceFound, markerFound, lossFound, { greatest, isEmpty }] = await Promise.all([
    store.get(headerKeys.page),
    store.get(headerKeys.fence),
    store.get(headerKeys.marker),
    store.get(headerKeys.lost),
    greatestInLog(tx, options.storeId),
  ])
  const [page, fence, marker] = [pageOf(pageFound), fenceOf(fenceFound), markerOf(markerFound)]
  const isNew = page === undefined && fence === undefined && isEmpty
  const lost = lossOf(lossFound)
  if (isNew && lost !== undefined && options.onLost !== 'open') throw dataLost(lost)
  const before = isNew ? newHeader(options) : headerOf(page, options)
  const reign = epoch(1 + Math.max(before.epoch, fence?.epoch ?? 0, greatest, options.epochFloor ?? 0))
  const durableThrough = txid(Math.max(before.durableThrough, marker))
  const header = { ...before, epoch: reign, durableThrough, headerSeq: before.headerSeq + 1, isClean: false }
  const raised: Fence = { epoch: reign, reign }
  await Promise.all([
    store.put(pageBytesOf(header), headerKeys.page),
    store.put(raised, headerKeys.fence),
    ...(lost === undefined ? [] : [store.delete(headerKeys.lost)]),
  ])
  return { found: isNew ? 'created' : 'existing', before, header, reign }
}

/** The last record's is the log's; chunks may be younger. */
async function greatestInLog(tx: Transaction, storeId: string) {
  const { records, chunks } = splitKeys(await tx.objectStore('log').getAllKeys())
  const isEmpty = records.length + chunks.length === 0
  const last = records.at(-1)
  const value = last === undefined ? undefined : await tx.objectStore('log').get(last)
  const inChunks = chunks.reduce((greatest, [one]) => Math.max(greatest, one), 0)
  if (!(value instanceof Uint8Array)) return { greatest: Math.max(inChunks, value?.epoch ?? 0), isEmpty }
  const claim = decodeClaim(value, storeId)
  return { greatest: Math.max(inChunks, claim.kind === 'claim' ? claim.claim.epoch : 0), isEmpty }
}

function headerOf(page: Uint8Array | undefined, { blockSize }: StoreOptions): Header {
  const decoded = page?.length === SECTOR_BYTES ? decodeHeader(page) : undefined
  if (decoded?.kind === 'unknown-format') {
    throw new DatabaseError('FORMAT_UNKNOWN', `the store has format ${decoded.version}`, {
      details: { version: decoded.version },
    })
  }
  if (decoded?.kind !== 'sound') {
    throw new DatabaseError('HEADER_CORRUPT', page === undefined ? 'the header is gone' : 'the header is damaged')
  }
  const found = decoded.value
  if (blockSize !== undefined && blockSize !== found.blockSize) {
    throw new DatabaseError('BLOCK_SIZE_MISMATCH', `the store has blocks of ${found.blockSize} bytes`, {
      details: { blockSize: found.blockSize },
    })
  }
  return found
}

const newHeader = ({ storeId, blockSize = limits.blockSize, epochFloor = epoch(0) }: StoreOptions): Header => ({
  storeId,
  headerSeq: 0,
  epoch: epochFloor,
  checkpointedTxid: txid(0),
  chain: 0n,
  durableThrough: txid(0),
  logStart: 0,
  tableGeneration: 0,
  tableHash: 0n,
  tablePages: 0,
  sizeBlocks: 0,
  blockSize,
  isClean: true,
  isPlain: false,
  isCreating: false,
  guarded: [0, 0],
  epochEnds: [],
})

export function pageBytesOf(header: Header): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES)
  encodeHeader(header, bytes)
  return bytes
}

/** Already aborted, or already committed: both have said why. */
function abortQuietly(tx: Transaction): void {
  try {
    tx.abort()
  } catch {
    return
  }
}
