/** What transaction `seq` writes, the same in the process that is killed and in the one that looks afterwards. */
import type { RecoveryReport } from '../../src/index.ts'

export type WriterReport =
  | { readonly type: 'opened'; readonly next: number; readonly recovery: RecoveryReport }
  | { readonly type: 'acknowledged'; readonly seq: number }

export const ACCOUNTS = 8
export const BALANCE = 1000

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS shadow (seq INTEGER PRIMARY KEY, length INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
  INSERT OR IGNORE INTO account SELECT value, ${BALANCE} FROM json_each('[0,1,2,3,4,5,6,7]');`

export interface Content {
  readonly payload: Uint8Array
  readonly from: number
  readonly to: number
  readonly amount: number
  readonly durability: 'strict' | 'relaxed'
}

/** Mostly short rows, some of several pages; a multiplicative hash makes neighbours differ. */
export function contentOf(seq: number): Content {
  const mix = Math.imul(seq, 0x9e37_79b1) >>> 0
  const length = seq % 50 === 0 ? 20_000 + (mix % 20_000) : 10 + (mix % 300)
  const payload = Uint8Array.from({ length }, (_, index) => (mix >>> (index % 24)) & 0xff)
  return {
    payload,
    from: mix % ACCOUNTS,
    to: (mix >>> 8) % ACCOUNTS,
    amount: mix % 17,
    durability: seq % 5 === 0 ? 'relaxed' : 'strict',
  }
}
