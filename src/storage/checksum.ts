/**
 * The two checksums of the formats. `loadChecksums` is awaited once, by whoever opens a store; from then on everything here is
 * synchronous. xxh64: seed 0, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. crc32: IEEE 802.3 as in zlib.
 */
import xxhash, { type XXHashAPI } from 'xxhash-wasm'
import { assert } from '../assert.ts'
import type { ChecksumAlgorithm } from './block-store.ts'

type Hash = (bytes: Uint8Array) => bigint

let loaded: { readonly xxh64: XXHashAPI['h64Raw']; readonly crc32: Hash } | undefined
let loading: Promise<void> | undefined

/** Compiles the WebAssembly once per realm; later calls return the same promise. One that failed is tried again by the next. */
export function loadChecksums(): Promise<void> {
  return (loading ??= load())
}

async function load(): Promise<void> {
  try {
    const [{ h64Raw }, crc32] = await Promise.all([xxhash(), platformCrc32() ?? wasmCrc32()])
    loaded = { xxh64: h64Raw, crc32 }
  } catch (error) {
    loading = undefined
    throw error
  }
}

/** Unsigned 64 bits. */
export function xxh64(bytes: Uint8Array): bigint {
  assert(loaded !== undefined, 'loadChecksums is awaited before the first checksum')
  return loaded.xxh64(bytes)
}

/** Unsigned 32 bits, as a BigInt so that all checksums have one type. */
export function crc32(bytes: Uint8Array): bigint {
  assert(loaded !== undefined, 'loadChecksums is awaited before the first checksum')
  return loaded.crc32(bytes)
}

/** What stands for an algorithm on the medium. 0 is no algorithm, so that zeroed bytes never name one. */
export const algorithmIds: Readonly<Record<ChecksumAlgorithm, number>> = { xxh64: 1, crc32: 2 }

/** Undefined for an id that this version does not know. */
export function algorithmOf(id: number): ChecksumAlgorithm | undefined {
  if (id === algorithmIds.xxh64) return 'xxh64'
  return id === algorithmIds.crc32 ? 'crc32' : undefined
}

/** Checksum of a block by the algorithm's id; undefined for an unknown id. */
export function checksumById(id: number, bytes: Uint8Array): bigint | undefined {
  if (id === algorithmIds.xxh64) return xxh64(bytes)
  return id === algorithmIds.crc32 ? crc32(bytes) : undefined
}

/** zlib's crc32 runs in native code; it exists in Node 20.15 and later, and nowhere else. */
function platformCrc32(): Hash | undefined {
  if (typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function') return undefined
  const zlib: { readonly crc32?: (bytes: Uint8Array) => number } | undefined = process.getBuiltinModule('node:zlib')
  const native = zlib?.crc32
  return native && ((bytes) => BigInt(native(bytes)))
}

async function wasmCrc32(): Promise<Hash> {
  const { createCRC32 } = await import('hash-wasm')
  const hasher = await createCRC32()
  return (bytes) => BigInt(`0x${hasher.init().update(bytes).digest('hex')}`)
}
