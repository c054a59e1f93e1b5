/**
 * What every structure on the medium begins with, whatever its version: 16 bytes that will never change their shape.
 *
 *   0  8  magic, ASCII
 *   8  4  format version
 *  12  4  check: low 32 bits of xxh64 over bytes 0…11
 *
 * The check tells a newer version from a rotten one: a version that is not ours counts only with its check intact.
 */
import { idOfBytes, putHash, getHash } from './bytes.ts'
import { xxh64 } from './checksum.ts'

export const FORMAT_VERSION = 1
export const PREAMBLE_BYTES = 16
/** Everything that must not be torn by its neighbour's write begins at a multiple of this. */
export const SECTOR_BYTES = 4096

/** Fixed for ever. Nothing commits by name. */
export const fileNames = {
  header: 'header',
  table: 'blocks.meta',
  home: 'database.sqlite',
  logs: ['log-0', 'log-1', 'log-2'],
} as const

export const magics = {
  header: 'DSHEADER',
  segment: 'DSSEGMNT',
  record: 'DSRECORD',
  trailer: 'DSCOMMIT',
  table: 'DSTABLEP',
} as const
export type Magic = (typeof magics)[keyof typeof magics]

export function putMagic(bytes: Uint8Array, at: number, magic: Magic): void {
  for (let index = 0; index < 8; index++) bytes[at + index] = magic.charCodeAt(index)
}

export function hasMagic(bytes: Uint8Array, at: number, magic: Magic): boolean {
  for (let index = 0; index < 8; index++) if (bytes[at + index] !== magic.charCodeAt(index)) return false
  return true
}

export function putPreamble(bytes: Uint8Array, view: DataView, magic: Magic): void {
  putMagic(bytes, 0, magic)
  view.setUint32(8, FORMAT_VERSION, true)
  view.setUint32(12, Number(xxh64(bytes.subarray(0, 12)) & 0xffffffffn), true)
}

export type Preamble =
  | { readonly kind: 'ours' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'unknown-format'; readonly version: number }

const ours: Preamble = { kind: 'ours' }

/** Absent: another magic, or none. Damaged: the magic is there, the version cannot be believed. */
export function readPreamble(bytes: Uint8Array, view: DataView, magic: Magic): Preamble {
  if (bytes.length < PREAMBLE_BYTES || !hasMagic(bytes, 0, magic)) return { kind: 'absent' }
  if (view.getUint32(12, true) !== Number(xxh64(bytes.subarray(0, 12)) & 0xffffffffn)) return { kind: 'damaged' }
  const version = view.getUint32(8, true)
  return version === FORMAT_VERSION ? ours : { kind: 'unknown-format', version }
}

/** A sector that carries its own checksum in its last 8 bytes: header slots and segment headers. */
export function sealSector(sector: Uint8Array, view: DataView): void {
  putHash(view, SECTOR_BYTES - 8, xxh64(sector.subarray(0, SECTOR_BYTES - 8)))
}

export const isSectorSound = (sector: Uint8Array, view: DataView): boolean =>
  getHash(view, SECTOR_BYTES - 8) === xxh64(sector.subarray(0, SECTOR_BYTES - 8))

/** What became of reading one structure. Each of the five asks for another answer. */
export type Decoded<T> =
  | { readonly kind: 'sound'; readonly value: T }
  | { readonly kind: 'empty' }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unknown-format'; readonly version: number }

export const storeIdAt = (bytes: Uint8Array, at: number): string => idOfBytes(bytes.subarray(at, at + 16))
