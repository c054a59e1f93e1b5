/**
 * Where everything lies in a database of this medium. Keys are out of line; all are integers except those of chunks.
 *
 *   header    0 header page   1 fence   2 marker   3 requests   4 what was lost before there was a header   1000… quarantined bytes
 *   log       firstTxid → a commit record, or the marker of a long one       [epoch, firstTxid, n] → chunk n of a long one
 *   segments  n → the blocks from n × blocksPerSegment on, side by side
 *   table     n → page n of the block table
 */
import type { DBSchema } from 'idb'
import { MiB, KiB } from '../../units.ts'

/** Raised when stores are added or change their keys; what is in a value says its version itself. */
export const SCHEMA_VERSION = 1

export const storeNames = ['header', 'log', 'segments', 'table'] as const
export type StoreName = (typeof storeNames)[number]

export const headerKeys = { page: 0, fence: 1, marker: 2, requests: 3, lost: 4, quarantine: 1000 } as const

export type ChunkKey = [epoch: number, firstTxid: number, index: number]
export type LogKey = number | ChunkKey

/** Who may write. Every readwrite transaction reads it first. */
export interface Fence {
  readonly epoch: number
  /** The epoch with which the reign began that raised it: a reign that voids what failed raises its own epoch, and knows it again. */
  readonly reign: number
}

/** That the browser has lost what was here. It counts as long as there is no header page. */
export interface LossNote {
  readonly dataLoss: string
}

/** Stands for a record that lies in chunks: with it, and not before, they are a record. */
export interface LongRecord {
  readonly epoch: number
  readonly chunks: number
  readonly bytes: number
}

export interface Schema extends DBSchema {
  header: { key: number; value: Uint8Array | Fence | LossNote | number }
  log: { key: LogKey; value: Uint8Array | LongRecord }
  segments: { key: number; value: Uint8Array }
  table: { key: number; value: Uint8Array }
}

/** Few large values are read many times faster than many small ones. */
export const SEGMENT_BYTES = 256 * KiB
/** A record up to this is one value; a longer one is written in chunks of this, because browsers take long values more slowly. */
export const CHUNK_BYTES = 512 * KiB
/** Chunks of so many bytes share a transaction, so that others wait for no longer one. */
export const TRANSACTION_BYTES = 8 * MiB
/** About so much is read by one request. */
export const BATCH_BYTES = 10 * MiB
/** What is read while the store is open already, at once: a reader who waits comes after at most so much. */
export const LOAD_STEP_BYTES = 2 * MiB

export const databaseName = (name: string): string => `datasync:${name}`
export const blocksPerSegment = (blockSize: number): number => Math.max(1, Math.floor(SEGMENT_BYTES / blockSize))

export const fenceOf = (value: Schema['header']['value'] | undefined): Fence | undefined =>
  typeof value === 'object' && 'reign' in value ? value : undefined
export const lossOf = (value: Schema['header']['value'] | undefined): string | undefined =>
  typeof value === 'object' && 'dataLoss' in value ? value.dataLoss : undefined
export const pageOf = (value: Schema['header']['value'] | undefined): Uint8Array | undefined =>
  value instanceof Uint8Array ? value : undefined
export const markerOf = (value: Schema['header']['value'] | undefined): number =>
  typeof value === 'number' ? value : 0
