/** Recovery on IndexedDB: it may fail or die at any point, again and again, and what rots is told by the code that says so. */
import { afterEach, describe, expect, test } from 'vitest'
import type { IndexedDbOptions } from '../../src/storage/indexeddb/session.ts'
import { blockOf, bytesAt, commit, groupFor } from '../contract/groups.ts'
import { type Fault, FaultPlan } from './faults.ts'
import { IdbWorld } from './medium.ts'
import { expectedStates, stateOf, workload } from './workload.ts'

const states = expectedStates()
const chunked = { chunkBytes: 64 * 1024, transactionBytes: 128 * 1024 } as const
let plan: FaultPlan | undefined

afterEach(() => plan?.stop())

/** Crashed in the middle of a checkpoint and of a long record. */
async function crashed(): Promise<IdbWorld> {
  const world = new IdbWorld()
  const { store } = await world.open(chunked)
  for (const step of workload.slice(0, -1)) await step.run(store)
  const crash = new Error('crashed between two steps of a checkpoint')
  await expect(store.checkpoint({ pause: () => Promise.reject(crash) })).rejects.toThrow(crash)
  plan = new FaultPlan({ at: 'request', how: 'crash' }, 4)
  await expect(workload.at(-1)?.run(store)).rejects.toThrow()
  expect(plan.hasStruck).toBe(true)
  plan.stop()
  store.abandon()
  return world
}

const before = states.at(-2)

test.each<Fault>([
  { at: 'request', how: 'crash' },
  { at: 'commit', how: 'crash' },
  { at: 'commit', how: 'lost' },
  { at: 'request', how: 'quota' },
])('a recovery that meets $how at any $at is run again', async (fault) => {
  let strikes = 0
  for (let at = 1; ; at++) {
    const world = await crashed()
    plan = new FaultPlan(fault, at)
    const first = await world.open(chunked).then(
      ({ store }) => store.abandon(),
      () => undefined,
    )
    expect(first).toBeUndefined()
    plan.stop()
    if (!plan.hasStruck) break
    strikes++
    const { store } = await world.open(chunked)
    expect(stateOf(store), `point ${at}`).toBe(before)
  }
  expect(strikes).toBeGreaterThan(1)
})

test('recovery run twice changes nothing but the epoch', async () => {
  const world = await crashed()
  const first = await world.open(chunked)
  const contents = await world.contents()
  first.store.abandon()
  const second = await world.open(chunked)
  expect(stateOf(second.store)).toBe(before)
  expect(second.store.epoch).toBe(first.store.epoch + 1)
  expect(await world.contents()).toEqual(contents)
  expect((await world.logKeys()).chunks).toEqual([])
})

test('a clean close leaves nothing to redo', async () => {
  const world = new IdbWorld()
  const { store, report } = await world.open()
  expect(report).toMatchObject({ found: 'created', cleanShutdown: false })
  await commit(store, { blocks: { 0: 'a' } })
  await store.close({})
  expect(await world.logKeys()).toEqual({ records: [], chunks: [] })
  const again = await world.open()
  expect(again.report).toMatchObject({ found: 'existing', cleanShutdown: true, recordsReplayed: 0, recoveredTxid: 1 })
})

test('a long record without one of its chunks is damage, not an end', async () => {
  const world = new IdbWorld()
  const { store } = await world.open(chunked)
  for (const step of workload.slice(0, 4)) await step.run(store)
  await commit(store, { blocks: { 0: 'behind it' } })
  store.abandon()
  const { chunks } = await world.logKeys()
  expect(chunks.length).toBeGreaterThan(2)
  await world.change('log', chunks[1] ?? 0, () => undefined)
  await expect(world.open(chunked)).rejects.toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }))
})

describe('rot', () => {
  /** Two folded commits, two that only the log holds; the last of them is strict. */
  async function store() {
    const world = new IdbWorld()
    const { store: made } = await world.open()
    await commit(made, { blocks: { 0: 'a', 1: 'b' } })
    await made.checkpoint({})
    await commit(made, { blocks: { 2: 'c' } })
    await commit(made, { blocks: { 0: 'A' } })
    made.abandon()
    return world
  }
  const flip = (at: number) => (bytes: Uint8Array) => {
    const changed = bytes.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    return changed
  }
  const gone = () => undefined
  const withCode = (code: string): unknown => expect.objectContaining({ code })

  test.each([
    ['header', 0, flip(60), 'HEADER_CORRUPT'],
    ['header', 0, gone, 'HEADER_CORRUPT'],
    ['header', 3, flip(0), 'HEADER_CORRUPT'],
    ['table', 0, flip(80), 'TABLE_CORRUPT'],
    ['table', 0, gone, 'TABLE_CORRUPT'],
    ['segments', 0, gone, 'HOME_CORRUPT'],
    ['segments', 0, flip(4096), 'CHECKSUM_MISMATCH'],
    ['log', 2, flip(40), 'LOG_CORRUPT'],
    ['log', 2, flip(600), 'LOG_CORRUPT'],
    ['log', 2, gone, 'LOG_CORRUPT'],
  ] as const)('in %s %i is refused with its code', async (name, key, damage, code) => {
    const world = await store()
    await world.change(name, key, damage)
    await expect(world.open()).rejects.toThrow(withCode(code))
  })

  test('of a block is seen when it is read, not served', async () => {
    const world = await store()
    await world.change('segments', 0, flip(4096))
    const { store: open } = await world.open({ verify: 'none' })
    expect(bytesAt(open, 0)).toBe(blockOf('A'))
    expect(() => bytesAt(open, 1)).toThrow(withCode('CHECKSUM_MISMATCH'))
    expect(open.statistics.checksumFailures).toBe(1)
    await commit(open, { blocks: { 1: 'healed' } })
    expect(bytesAt(open, 1)).toBe(blockOf('healed'))
  })

  test('of a block is quarantined by repair and stays visible', async () => {
    const world = await store()
    await world.change('segments', 0, flip(4096))
    const { store: open, report } = await world.open({ onCorruption: 'repair' })
    expect(report.damaged.map(({ blockNo }) => blockNo)).toEqual([1])
    expect(report.quarantined).toMatchObject([{ from: 'segments', at: 4096, bytes: 4096 }])
    expect(() => bytesAt(open, 1)).toThrow(withCode('CHECKSUM_MISMATCH'))
  })

  test('of a table page is rebuilt from the home by repair', async () => {
    const world = await store()
    await world.change('table', 0, flip(80))
    const { store: open, report } = await world.open({ onCorruption: 'repair' })
    expect(report.tablePagesRebuilt).toEqual([0])
    expect([0, 1, 2].map((at) => bytesAt(open, at))).toEqual(['A', 'b', 'c'].map(blockOf))
    await open.close({})
    expect(bytesAt((await world.open()).store, 1)).toBe(blockOf('b'))
  })

  test('before the durable end of the log is kept aside, and the log ends there, when that is asked for', async () => {
    const world = await store()
    await world.change('log', 2, flip(40))
    const { store: open, report } = await world.open({ onCorruption: 'report' })
    expect(report.logDamage).toMatchObject({ file: 'log', fromTxid: 2, toTxid: 3 })
    expect(report.quarantined.map(({ at }) => at)).toEqual([2, 3])
    expect(open.positions.writtenTxid).toBe(1)
  })

  test('behind the durable end of the log is a torn tail', async () => {
    const world = await store()
    const { store: open } = await world.open()
    await open.append(groupFor(open, { blocks: { 5: 'relaxed' } }))
    open.abandon()
    await world.change('log', 4, flip(600))
    const { store: again, report } = await world.open()
    expect(report.tornTail).toMatchObject({ file: 'log', at: 4 })
    expect(again.positions.writtenTxid).toBe(3)
    expect((await world.logKeys()).records).toEqual([2, 3])
  })
})

describe('what does not fit in memory', () => {
  const small: Partial<IndexedDbOptions> = { residentBytesMax: 512 * 1024 }

  test('is refused before anything is written, and names OPFS', async () => {
    const { store } = await new IdbWorld().open(small)
    await commit(store, { blocks: { 0: 'a', 64: 'b' } })
    await expect(store.append(groupFor(store, { blocks: { 128: 'c' } }))).rejects.toThrow(/OPFS/)
    expect(store.positions.writtenTxid).toBe(1)
    expect(store.statistics.cacheBytes).toBe(512 * 1024)
    await commit(store, { blocks: { 65: 'still' } })
  })

  test('is refused when it is opened', async () => {
    const world = new IdbWorld()
    const { store } = await world.open()
    await commit(store, { blocks: { 200: 'a' } })
    await store.close({})
    await expect(world.open(small)).rejects.toThrow(/OPFS/)
  })
})

test('a damaged page of the table in which no block lies is repaired once, and the next open finds it sound', async () => {
  const world = new IdbWorld()
  const { store } = await world.open()
  await commit(store, { blocks: { 0: 'first', 600: 'far' } })
  await store.close({})
  await world.change('table', 2, () => undefined)
  await expect(world.open()).rejects.toThrow(expect.objectContaining({ code: 'TABLE_CORRUPT' }))
  const repaired = await world.open({ onCorruption: 'repair' })
  expect(repaired.report.tablePagesRebuilt).toEqual([2])
  await repaired.store.close({})
  const { store: again } = await world.open()
  expect([0, 600].map((at) => bytesAt(again, at))).toEqual(['first', 'far'].map(blockOf))
})
