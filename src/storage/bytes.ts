/**
 * Little-endian cells inside a DataView. Numbers of 64 bits are written as two halves, so that the hot path makes no BigInt;
 * they are exact up to 2^53 − 1. Hashes use the whole 64 bits and are BigInt: DataView's own setBigUint64.
 */
import { assert } from '../assert.ts'

const HALF = 2 ** 32

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, Math.floor(value / HALF), true)
}

/** A cell beyond 2^53 − 1 was not written by us; it reads as a number that is not a safe integer. */
export const getU64 = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * HALF

/** Times: 48 bits of milliseconds reach beyond the year 10000. */
export function putU48(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint16(at + 4, Math.floor(value / HALF), true)
}

export const getU48 = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint16(at + 4, true) * HALF

export const putHash = (view: DataView, at: number, value: bigint): void => view.setBigUint64(at, value, true)
export const getHash = (view: DataView, at: number): bigint => view.getBigUint64(at, true)

export const alignUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit

export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false
  return true
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** 16 bytes from 32 hexadecimal digits; a store's id is kept so in messages and options. */
export function bytesOfId(id: string): Uint8Array {
  assert(/^[0-9a-f]{32}$/.test(id), 'a storeId is 32 lowercase hexadecimal digits')
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(id.slice(index * 2, index * 2 + 2), 16))
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function idOfBytes(bytes: Uint8Array): string {
  let id = ''
  for (const byte of bytes) id += hex[byte] ?? ''
  return id
}
