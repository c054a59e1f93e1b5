/** Groups and blocks in words: what a test writes to a store, and what it finds there. */
import type { BlockStore, Group } from '../../src/storage/block-store.ts'
import type { RequestOutcome } from '../../src/storage/request-table.ts'
import { type BlockNo, blockNo, txid } from '../../src/units.ts'

export const blockSize = 4096

/** A block of SQLite's shape where it matters: bytes 18 and 19 of block 0. */
export function imageOf(content: string): Uint8Array {
  const bytes = new Uint8Array(blockSize)
  for (let at = 0; at < blockSize; at++) bytes[at] = (content.charCodeAt(at % content.length) + at * 7) & 255
  return bytes
}

/** A string per block: compared at once, where an array is compared byte by byte. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)
export const blockOf = (content: string): string => textOf(imageOf(content))

export interface Writes {
  readonly blocks?: Readonly<Record<number, string>>
  readonly freed?: readonly number[]
  readonly sizeBlocks?: number
  readonly requests?: readonly RequestOutcome[]
  readonly transactions?: number
  readonly timeMs?: number
}

/** The next group of a store: what it writes, in words. */
export function groupFor(store: BlockStore, writes: Writes): Group {
  const { blocks = {}, freed = [], requests = [], transactions = 1, timeMs = 1000 } = writes
  const numbers = Object.keys(blocks).map(Number)
  const first = store.positions.writtenTxid + 1
  return {
    firstTxid: txid(first),
    lastTxid: txid(first + transactions - 1),
    sizeBlocks: writes.sizeBlocks ?? Math.max(store.sizeBlocks, ...numbers.map((at) => at + 1)),
    blocks: new Map(numbers.map((at): [BlockNo, Uint8Array] => [blockNo(at), imageOf(blocks[at] ?? '')])),
    freed: new Set(freed.map(blockNo)),
    requests,
    timeMs,
  }
}

export async function commit(store: BlockStore, writes: Writes): Promise<void> {
  await store.append(groupFor(store, writes))
  await store.barrier({ mayWait: false })
  await store.confirmEpoch()
}

export function bytesAt(store: BlockStore, at: number): string {
  const into = new Uint8Array(store.blockSize).fill(0xaa)
  store.read(blockNo(at), into)
  return textOf(into)
}

/** A block that nobody wrote. */
export const zeros = textOf(new Uint8Array(blockSize))
export const outcome = (requestNo: number, clientId = 'c'): RequestOutcome => ({
  clientId,
  requestNo,
  txid: txid(1),
  answer: `"${requestNo}"`,
})
