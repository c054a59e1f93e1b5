/** Export and import: one moment of a database that goes on, and a database that is replaced whole or not at all. */
import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../src/errors.ts'
import type { Database } from '../../src/index.ts'
import { limits } from '../../src/limits.ts'
import { View } from '../../src/storage/view.ts'
import { assertImportable, assertSound, blocksOf, stage } from '../../src/import.ts'
import { codeOf, errorOf, openMemory, recordEvents } from '../api/harness.ts'
import { openOn } from '../api/sim-place.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { openFixture, thrownBy } from '../unit/vfs/fixture.ts'
import { rows } from './touchy-view.ts'
import { afterKill, afterPowerLoss, column, gate, isSound, openOver, withFiles } from './world.ts'

async function fileOf(count: number): Promise<Uint8Array> {
  const db = await openMemory()
  await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
  await db.exec(rows(count, 1000))
  return new Uint8Array(await new Response(db.export()).arrayBuffer())
}

/** The database as it was, or as it was imported. */
async function stateOf(db: Database): Promise<string> {
  expect(await isSound(db)).toBe(true)
  return (await column(db, 'SELECT count(*), min(a), max(a) FROM t')).join()
}

const isOverlapped = (db: Database): boolean => {
  let dirtyBlocks = 0
  db.metrics$.subscribe((metrics) => (dirtyBlocks = metrics.dirtyBlocks)).unsubscribe()
  return dirtyBlocks >= 10
}

describe('attack-33', () => {
  test('attack-33 an export is one moment, whatever is written and folded while it is read', async () => {
    const db = await openOn(new SimDisk())
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b, c)')
    await db.exec(rows(600).replace('INTO t SELECT i,', 'INTO t SELECT i, 100,'))
    const reader = db.export().getReader()
    const chunks: Uint8Array[] = []
    for (let id = 1; ; id++) {
      const { done, value } = await reader.read()
      if (done) break
      chunks.push(value)
      await db.batch([
        { sql: 'UPDATE t SET b = b - 50 WHERE a = ?', params: [id] },
        { sql: 'UPDATE t SET b = b + 50 WHERE a = ?', params: [601 - id] },
      ])
      await db.exec('DELETE FROM t WHERE a = 300')
      await db.checkpoint()
    }
    expect(chunks.length).toBeGreaterThan(1)
    const file = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer())
    const copy = await openFixture({ view: new View(blocksOf(file, 4096), { transactionBytesMax: 1e9 }) })
    expect(copy.all('SELECT count(*), sum(b), sum(b = 100) FROM t')).toEqual([[600, 60_000, 600]])
    expect(copy.all('PRAGMA integrity_check')).toEqual([['ok']])
  })

  test('attack-33 an import is there whole or not at all, whenever the process or the power ends', async () => {
    const file = await fileOf(30)
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    await db.exec(rows(60))
    const disks: SimDisk[] = []
    disk.onChange = () => disks.push(afterKill(disk), afterPowerLoss(disk))
    const receipt = await db.import(file)
    const imported = disks.length
    await db.checkpoint()
    disk.onChange = () => undefined
    expect(receipt.txid).toBe(3)
    const states = []
    for (const [at, left] of disks.entries()) {
      const state = await stateOf(await openOn(left, { recovery: { verify: 'full' } }))
      if (at >= imported) expect(state).toBe('30,1000,1029')
      states.push(state)
    }
    expect([...new Set(states)].sort()).toEqual(['30,1000,1029', '60,1,60'])
  })

  test('attack-33 an import is rejected when what was sealed before it is lost while it ends', async () => {
    const file = await fileOf(60)
    const disk = new SimDisk()
    const barrier = gate()
    let isHeld = false
    const failing = withFiles(disk, ({ name, flushAsync }) => ({
      flushAsync: async () => {
        if (!isHeld || !name.startsWith('log-')) return flushAsync()
        isHeld = false
        await barrier.opened
        throw new DatabaseError('STORAGE_FAILED', 'the barrier failed')
      },
    }))
    // Time stands still: nothing is folded in an idle moment of a busy machine.
    const db = await openOver(failing, {}, new ManualClock())
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    await db.exec('INSERT INTO t VALUES (1, 1)')
    // A grown instance is replaced with the connection, which takes its time.
    await db.query('SELECT length(randomblob(?))', [limits.wasmIdleBytesMax])
    const events = recordEvents(db)
    isHeld = true
    const lost = [2, 3].map((id) => errorOf(db.exec('INSERT INTO t VALUES (?, 0)', [id])))
    const importing = errorOf(db.import(file))
    while (!isOverlapped(db)) await new Promise((resolve) => setImmediate(resolve))
    barrier.open()
    for (const error of [...(await Promise.all(lost)), await importing]) expect(error.code).toBe('STORAGE_FAILED')
    expect(events.filter(({ type }) => type === 'database.replaced')).toEqual([])
    await db.exec('INSERT INTO t VALUES (4, 4)')
    expect(await column(db, 'SELECT a FROM t')).toEqual([1, 4])
    expect(await column(await openOn(afterKill(disk)), 'SELECT a FROM t')).toEqual([1, 4])
  })

  test('attack-33 what is not a database of ours is refused before anything changes', async () => {
    const db = await openMemory()
    const file = await fileOf(10)
    await db.exec('CREATE TABLE kept (a)')
    const changed = (at: number, ...bytes: number[]) => {
      const copy = file.slice()
      copy.set(bytes, at)
      return copy
    }
    const otherPageSize = changed(16, 0x20, 0)
    for (const source of [
      otherPageSize,
      changed(18, 2, 2),
      changed(18, 255, 255),
      file.subarray(0, 9000),
      changed(4096, ...Array<number>(500).fill(7)),
    ])
      expect(await codeOf(db.import(source))).toBe('IMPORT_INVALID')
    expect(await column(db, 'SELECT name FROM sqlite_schema')).toEqual(['kept'])
  })

  test('attack-33 whatever byte of the first page is wrong, the file is refused as such, or it is sound', async () => {
    const file = await fileOf(10)
    const makeEngine = async (view: View) => (await openFixture({ view })).engine
    const check = async (source: Uint8Array) => {
      assertImportable(source, 4096)
      await assertSound(source, 4096, makeEngine)
    }
    const refusals = new Set<string>()
    let soundCount = 0
    const places = [...Array.from({ length: 112 }, (_, at) => at), 3900, 3950, 4000, 4090]
    for (const at of places) {
      for (const byte of [0, 255]) {
        const copy = file.slice()
        copy[at] = byte
        const error = await check(copy).catch((thrown: unknown) => thrown)
        if (error === undefined) soundCount++
        else refusals.add(error instanceof DatabaseError ? error.code : String(error))
      }
    }
    expect([...refusals]).toEqual(['IMPORT_INVALID'])
    expect(soundCount).toBeGreaterThan(50)
    const db = await openMemory()
    const malformed = file.slice()
    malformed[4090] = 0
    expect(await codeOf(db.import(malformed))).toBe('IMPORT_INVALID')
    expect(await column(db, 'SELECT count(*) FROM sqlite_schema')).toEqual([0])
  })

  test('attack-33 a file that does not fit in memory, and what is no file, are refused by a code', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE kept (a)')
    const file = await fileOf(10)
    for (const [thrown, code] of [
      [new RangeError('Array buffer allocation failed'), 'TRANSACTION_TOO_LARGE'],
      [new TypeError('nobody expects this'), 'IMPORT_INVALID'],
    ] as const) {
      const view = new View(blocksOf(file, 4096), { transactionBytesMax: 1e9 })
      const write = view.write.bind(view)
      let count = 0
      view.write = (at, bytes) => {
        if (++count === 2) throw thrown
        write(at, bytes)
      }
      expect(thrownBy(() => stage(file, view))).toMatchObject({ code, cause: thrown })
      expect([count, view.hasOverlay]).toEqual([2, false])
    }
    const text = async function* () {
      yield file.subarray(0, 4096)
      yield await Promise.resolve('not bytes' as unknown as Uint8Array)
    }
    expect(await codeOf(db.import(text()))).toBe('IMPORT_INVALID')
    const broken = async function* () {
      yield file.subarray(0, 4096)
      await Promise.reject(new RangeError('of the source'))
    }
    // What the caller's own source throws is the caller's.
    await expect(db.import(broken())).rejects.toThrow('of the source')
    expect(await column(db, 'SELECT name FROM sqlite_schema')).toEqual(['kept'])
  })
})
