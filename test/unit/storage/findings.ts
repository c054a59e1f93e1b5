/** Findings of a recovery, sketched: only what a case is about is said. */
import type { Header } from '../../../src/storage/header.ts'
import type { CommitRecord } from '../../../src/storage/record-decoder.ts'
import type { LogFileFinding, RecordFinding } from '../../../src/storage/scan.ts'
import { blockNo, epoch, txid } from '../../../src/units.ts'

export const header: Header = {
  storeId: 's',
  headerSeq: 9,
  epoch: epoch(8),
  checkpointedTxid: txid(10),
  chain: 1000n,
  durableThrough: txid(10),
  logStart: 5,
  tableGeneration: 1,
  tableHash: 0n,
  tablePages: 1,
  sizeBlocks: 4,
  blockSize: 4096,
  isClean: false,
  isPlain: false,
  isCreating: false,
  guarded: [1, 1],
  epochEnds: [],
}

export interface RecordSketch {
  readonly first: number
  readonly last?: number
  readonly durable?: number
  readonly hash?: bigint
  readonly damaged?: boolean | 'algorithm'
  readonly sizeBlocks?: number
  readonly epoch?: number
}

export function recordOf(sketch: RecordSketch, at: number): RecordFinding {
  const {
    first,
    last = first,
    durable = first - 1,
    hash = BigInt(first) * 10n,
    sizeBlocks = 4,
    damaged = false,
  } = sketch
  const record: CommitRecord = {
    storeId: 's',
    blockSize: 4096,
    epoch: epoch(sketch.epoch ?? 7),
    firstTxid: txid(first),
    lastTxid: txid(last),
    durableThrough: txid(durable),
    timeMs: 0,
    prev: 0n,
    sizeBlocks,
    bytes: 8192,
    hash,
    entries: [],
    requests: [],
  }
  const code = damaged === 'algorithm' ? 'ALGORITHM_MISMATCH' : 'CHECKSUM_MISMATCH'
  return { at, record, damaged: damaged === false ? [] : [{ blockNo: blockNo(0), imageAt: at, code }] }
}

export interface LogSketch {
  readonly sequence?: number
  readonly epoch?: number
  readonly continuesFrom?: bigint
  /** First transaction that may stand in it; needed when it holds none. */
  readonly first?: number
  readonly records?: readonly RecordSketch[]
  readonly stop?: LogFileFinding['stop']
  readonly beyond?: readonly RecordSketch[]
  readonly header?: LogFileFinding['header']
}

/** A segment whose first record carries; its hash is the sequence times 1000 plus 1. */
export function logOf(index: number, sketch: LogSketch): LogFileFinding {
  const { sequence = 5, continuesFrom = 1000n, records = [], stop = 'empty', beyond = [] } = sketch
  const first = sketch.first ?? records[0]?.first ?? 11
  const carry: RecordSketch = { first, last: first - 1, durable: 10, hash: BigInt(sequence) * 1000n + 1n }
  const found = [carry, ...records].map((one, at) => recordOf({ epoch: sketch.epoch ?? 7, ...one }, 8192 * (at + 1)))
  const end = 8192 * (found.length + 1)
  const segment = {
    storeId: 's',
    epoch: epoch(sketch.epoch ?? 7),
    sequence,
    continuesFrom,
    firstTxid: txid(first),
  }
  const isWhole = sketch.header === undefined
  return {
    file: `log-${index}`,
    fileBytes: 1 << 20,
    header: sketch.header ?? { kind: 'sound', value: segment },
    records: isWhole ? found : [],
    end: isWhole ? end : 8192,
    stop,
    beyond: beyond.map((one, at) => {
      const { record } = recordOf({ epoch: 7, ...one }, 0)
      return { at: end + 8192 * (at + 1), claim: { ...record, entryCount: 0, imageCount: 0, requestBytes: 0 } }
    }),
    block0: undefined,
  }
}

export const empty: LogSketch = { header: { kind: 'empty' } }
export const logsOf = (...sketches: readonly LogSketch[]) =>
  [0, 1, 2].map((index) => logOf(index, sketches[index] ?? empty))
