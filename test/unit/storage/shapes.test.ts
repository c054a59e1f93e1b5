/**
 * What is kept for each block of the log, and what each call of exec returns, has one hidden class. V8 makes a new one for each object
 * that is spread and then given another property; it costs more than the object itself, and nothing but memory shows it.
 */
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { beforeAll, expect, test } from 'vitest'
import { open } from '../../../src/index.ts'
import { loadChecksums } from '../../../src/storage/checksum.ts'
import { CommitLog } from '../../../src/storage/commit-log.ts'
import { MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import { blockNo, epoch, txid } from '../../../src/units.ts'

const count = 40
let haveSameShape: (a: object | undefined, b: object | undefined) => boolean

beforeAll(async () => {
  await loadChecksums()
  setFlagsFromString('--allow-natives-syntax')
  haveSameShape = runInThisContext('(a, b) => %HaveSameMap(a, b)') as typeof haveSameShape
  // Compiled by its first call.
  haveSameShape({}, {})
  setFlagsFromString('--no-allow-natives-syntax')
})

const numbers = Array.from({ length: count }, (_, at) => at)

/** Of neighbours: the first few of a kind may still change theirs. */
const alikeCount = (objects: readonly (object | undefined)[]) =>
  objects.filter((one, at) => at > 0 && haveSameShape(one, objects[at - 1])).length

test('the shapes are told apart', () => {
  const spread = (of: object, at: number) => ({ ...of, at })
  expect(alikeCount(numbers.map((at) => ({ a: at, b: at })))).toBe(count - 1)
  expect(alikeCount(numbers.map((at) => spread({ a: at }, at)))).toBeLessThan(count - 1)
})

test('frames of the log have one hidden class', async () => {
  const files = [await new MemoryFs().open('log-0', { create: true })]
  const log = new CommitLog(
    { storeId: '00'.repeat(16), blockSize: 512, segmentBytes: 65_536, files },
    { segments: [], hash: 0n, lastTxid: txid(0), sizeBlocks: 0, sequence: 0 },
  )
  log.startSegment(epoch(1), { requests: new Uint8Array(0), block0: undefined, timeMs: 0 })
  for (const at of numbers) {
    const entry = { txid: txid(at + 1), version: 1, checksum: BigInt(at), algorithmId: 1, lastModifiedMs: 1.5 * at }
    log.append({
      firstTxid: txid(at + 1),
      lastTxid: txid(at + 1),
      timeMs: 0,
      sizeBlocks: count,
      blockNos: [blockNo(at)],
      entries: [{ ...entry, isTombstone: false }],
      images: [new Uint8Array(512)],
      requests: new Uint8Array(0),
    })
  }
  const frames = numbers.map((at) => log.frameOf(blockNo(at)))
  expect(frames.every((frame) => frame !== undefined)).toBe(true)
  expect(alikeCount(frames)).toBe(count - 1)
})

test('results of exec have one hidden class', async () => {
  await using db = await open('shapes', { storage: 'memory' })
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
  const results = await Promise.all(numbers.map((at) => db.exec('INSERT INTO t VALUES (?)', [at])))
  expect(alikeCount(results)).toBe(count - 1)
})
