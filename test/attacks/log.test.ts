/** The log under accidents: what recovery redoes, what it cuts and what it refuses to cut, what a failed barrier leaves behind. */
import { describe, expect, test } from 'vitest'
import type { BlockStore } from '../../src/storage/block-store.ts'
import { loadChecksums } from '../../src/storage/checksum.ts'
import { encodeHeader, HEADER_FILE_BYTES, newestOf, readHeader } from '../../src/storage/header.ts'
import { openFileStore } from '../../src/storage/recover.ts'
import { blockNo, txid } from '../../src/units.ts'

import { openOn } from '../api/sim-place.ts'
import { type CrashPoint, eachImage, type Fate, imageAfter } from '../model/crash-images.ts'
import { openStore, storeOptions } from '../model/open-store.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { type DiskImage, hashOfDisk, withBytes, withFlippedBit } from '../model/sim-image.ts'
import { afterPowerLoss, column, isSound, unhurried } from './world.ts'

const block = (fill: number) => new Uint8Array(4096).fill(fill)

function commit(store: BlockStore, last: number, blocks: Readonly<Record<number, number>>, sizeBlocks = 4): void {
  void store.append({
    firstTxid: txid(last),
    lastTxid: txid(last),
    sizeBlocks,
    blocks: new Map(Object.entries(blocks).map(([at, fill]) => [blockNo(Number(at)), block(fill)])),
    freed: new Set(),
    requests: [],
    timeMs: last,
  })
  void store.barrier({ mayWait: false })
}

function fillsOf(store: BlockStore, count: number): number[] {
  const into = block(0)
  return Array.from({ length: count }, (_, at) => {
    store.read(blockNo(at), into)
    expect(into.every((byte) => byte === into[0])).toBe(true)
    return into[0] ?? 0
  })
}

/** Each different image once. */
function imagesOf(points: readonly CrashPoint[], rule = { damagedMax: 1, crossedMax: 4 }): DiskImage[] {
  const images = new Map<string, DiskImage>()
  for (const point of points) eachImage(point, rule, (image) => void images.set(hashOfDisk(image), image))
  return [...images.values()]
}

const writesOf = ({ ops }: CrashPoint) => [...ops.keys()].filter((at) => ops[at]?.kind === 'write')
const withFates = (point: CrashPoint, fates: Readonly<Record<number, Fate>>) =>
  imageAfter(
    point,
    point.ops.map((_, at) => fates[at] ?? 'kept'),
  )

describe('attack-07', () => {
  test('attack-07 recovery redoes every image, also of blocks whose table entry says that it is done', async () => {
    const disk = new SimDisk()
    const store = await openStore(disk)
    commit(store, 1, { 0: 1, 1: 1, 2: 1, 3: 1 })
    await store.checkpoint({ everything: true })
    commit(store, 2, { 1: 2, 2: 2 })
    const before = disk.image()
    await store.checkpoint({ everything: true })
    const after = disk.image()
    // The log and its beginning as before the checkpoint, table and header entries about it as after, the home torn: without the
    // shadow slots of the table, which keep such a table from being current, this is what a power loss can leave.
    const home = after.get('database.sqlite')
    if (home === undefined) throw new Error('there is a home')
    const mixed = new Map(before)
    mixed.set('blocks.meta', after.get('blocks.meta') ?? home)
    mixed.set('header', await headerOf(before, after))
    mixed.set('database.sqlite', withBytes(withBytes(home, block(99), 4096), block(98).subarray(0, 512), 2 * 4096))
    const { store: recovered } = await openFileStore(new SimDisk(mixed), { ...storeOptions, verify: 'full' })
    expect(fillsOf(recovered, 4)).toEqual([1, 2, 2, 1])
    expect(recovered.blockInfo(blockNo(1))?.version).toBe(2)
  })

  test('attack-07 a checkpoint that ends anywhere, its writes lost, torn or trashed, loses no block', async () => {
    const disk = new SimDisk()
    const store = await openStore(disk)
    commit(store, 1, { 0: 1, 1: 1, 2: 1, 3: 1 })
    await store.checkpoint({ everything: true })
    commit(store, 2, { 1: 2, 2: 2 })
    const points: CrashPoint[] = []
    disk.onChange = () => points.push(disk.crashPoint())
    await store.checkpoint({ everything: true })
    disk.onChange = () => undefined
    const images = imagesOf(points)
    expect(images.length).toBeGreaterThan(100)
    for (const image of images) {
      const { store: recovered } = await openFileStore(new SimDisk(image), { ...storeOptions, verify: 'full' })
      expect(fillsOf(recovered, 4)).toEqual([1, 2, 2, 1])
    }
  })
})

describe('attack-08', () => {
  test('attack-08 a freed block keeps its version, and one that is used again goes on from it', async () => {
    let disk = new SimDisk()
    let store = await openStore(disk)
    const versions: unknown[] = []
    const reopen = async () => {
      disk = afterPowerLoss(disk)
      store = await openStore(disk)
      const { version, isTombstone } = store.blockInfo(blockNo(3)) ?? {}
      versions.push(isTombstone === true ? [version] : version)
    }
    commit(store, 1, { 0: 1, 1: 1, 2: 1, 3: 1 })
    commit(store, 2, { 3: 2 })
    await reopen()
    commit(store, 3, {}, 3)
    await reopen()
    await store.checkpoint({ everything: true })
    await reopen()
    commit(store, 4, { 3: 4 })
    await reopen()
    expect(fillsOf(store, 4)).toEqual([1, 1, 1, 4])
    expect(versions).toEqual([2, [2], [2], 3])
    // Cut and used again within one life of the process.
    commit(store, 5, {}, 2)
    commit(store, 6, { 2: 6, 3: 6 })
    expect([2, 3].map((at) => store.blockInfo(blockNo(at))?.version)).toEqual([2, 4])
  })
})

describe('attack-10', () => {
  /** Three commits at a level, and the disk before anything made them durable. */
  async function commits(durability: 'strict' | 'relaxed') {
    const disk = new SimDisk()
    const db = await openOn(disk, unhurried)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    const from = disk.trace.length
    for (const id of [1, 2, 3]) await db.exec('INSERT INTO t VALUES (?)', [id], { durability })
    const records = disk.trace.slice(from).filter(({ kind, name }) => kind === 'write' && name.startsWith('log-'))
    // Taken now: an idle moment later the log may be folded.
    return { disk, image: disk.image(), records, point: disk.crashPoint() }
  }

  test('attack-10 relaxed commits that a power loss leaves with a hole end before it: that is no corruption', async () => {
    const { point } = await commits('relaxed')
    // Before them lies the second copy of the header.
    const writes = writesOf(point).slice(-3)
    for (const [lost, at] of writes.entries()) {
      for (const fate of ['dropped', 'trashed', 'firstSector', 'lastSector'] as const) {
        const db = await openOn(new SimDisk(withFates(point, { [at]: fate })), { recovery: { verify: 'full' } })
        expect(await column(db, 'SELECT a FROM t')).toEqual([1, 2, 3].slice(0, lost))
        expect(await isSound(db)).toBe(true)
      }
    }
  })

  test('attack-10 damage before what was called durable is never cut', async () => {
    const { image: whole, records } = await commits('strict')
    const refused: string[] = []
    for (const { name, at } of records) {
      const image = withFlippedBit(whole, { name, byte: at + 40, bit: 3 })
      refused.push(
        await openOn(new SimDisk(image)).then(
          async (db) => (await column(db, 'SELECT a FROM t')).join(),
          (error: unknown) => (error as { code: string }).code,
        ),
      )
      if (refused.at(-1) === 'LOG_CORRUPT') {
        const db = await openOn(new SimDisk(image), { recovery: { onCorruption: 'report' } })
        expect(db.recoveryReport.logDamage).toBeDefined()
      }
    }
    // What made the last record durable was not written down: nothing on the medium tells it from a torn one.
    expect(refused).toEqual(['LOG_CORRUPT', 'LOG_CORRUPT', '1,2'])
  })
})

/** The header of `before` that names the table of `after`. */
async function headerOf(before: DiskImage, after: DiskImage) {
  await loadChecksums()
  const read = async (image: DiskImage) =>
    newestOf(readHeader(await new SimDisk(image).open('header', { create: false })))
  const [old, next] = [await read(before), await read(after)]
  const file = before.get('header')
  if (old === undefined || next === undefined || file === undefined) throw new Error('there are headers')
  const { tableGeneration, tableHash, tablePages } = next
  const bytes = new Uint8Array(HEADER_FILE_BYTES)
  for (const at of [0, HEADER_FILE_BYTES / 2])
    encodeHeader({ ...old, tableGeneration, tableHash, tablePages }, bytes.subarray(at, at + HEADER_FILE_BYTES / 2))
  return withBytes(file, bytes, 0)
}
