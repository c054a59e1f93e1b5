/** The home as other programs see it: guarded while it is ours, plain when it is closed, and never overwritten when they changed it. */
import { openSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { tryLock } from 'fs-native-extensions'
import sqlite from 'node-sqlite3-wasm'
import { describe, expect, test } from 'vitest'
import { codeOf, errorOf, openIn, openMemory, temporaryBase } from '../api/harness.ts'
import { openOn } from '../api/sim-place.ts'
import { eachImage } from '../model/crash-images.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { type DiskImage, type FileImage, hashOfDisk, readImage, withBytes } from '../model/sim-image.ts'
import { rows } from './touchy-view.ts'
import { afterKill, column, isSound } from './world.ts'

const guardOf = (disk: SimDisk): number[] => guardIn(disk.image())

function guardIn(image: DiskImage): number[] {
  const home = image.get('database.sqlite')
  const bytes = new Uint8Array(2)
  return home === undefined || readImage(home, bytes, 18) < 2 ? [] : [...bytes]
}

describe('attack-34', () => {
  test('attack-34 from the first byte of a fold to the end of a clean close the home says that it is no database', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    await db.exec(rows(30))
    await db.close()
    expect(guardOf(disk)).toEqual([1, 1])
    const again = await openOn(disk)
    await again.exec('UPDATE t SET b = 0')
    expect(guardOf(disk)).toEqual([1, 1])
    // At every moment of the fold, and after a power loss there, whichever writes it takes.
    const plain = disk.image().get('database.sqlite')
    const images = new Map<string, DiskImage>()
    disk.onChange = () => {
      images.set(hashOfDisk(disk.image()), disk.image())
      const rule = { damagedMax: 0, crossedMax: 6 }
      eachImage(disk.crashPoint(), rule, (image) => void images.set(hashOfDisk(image), image))
    }
    await again.checkpoint()
    disk.onChange = () => undefined
    const torn = [...images.values()].filter((image) => !hasPagesOf(image.get('database.sqlite'), plain))
    expect(torn.length).toBeGreaterThan(10)
    for (const image of torn) expect(guardIn(image)).toEqual([255, 255])
    expect(guardOf(disk)).toEqual([255, 255])
    await again.close()
    expect(guardOf(disk)).toEqual([1, 1])
  })

  test('attack-34 another SQLite finds the home busy while it is open, and a plain file afterwards', async () => {
    const base = await temporaryBase()
    const home = path.join(base, 'test/database.sqlite')
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    // PENDING, RESERVED and the SHARED range of SQLite.
    const bytes = [0x4000_0000, 0x4000_0001, 0x4000_0002, 0x4000_01ff]
    const fd = openSync(home, 'r+')
    for (const at of bytes) expect(tryLock(fd, at, 1)).toBe(false)
    await db.close()
    for (const at of bytes) expect(tryLock(fd, at, 1)).toBe(true)
    expect(await errorOf(openIn(base))).toMatchObject({ code: 'STORE_LOCKED', details: { file: home } })
    const other = new sqlite.Database(home, { readOnly: true })
    expect(other.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' })
    other.close()
  })

  test('attack-34 a home that was edited while closed is adopted or refused, never repaired away', async () => {
    const base = await temporaryBase()
    const home = path.join(base, 'test/database.sqlite')
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)')
    await db.close()
    const other = new sqlite.Database(home)
    other.exec('INSERT INTO t VALUES (2)')
    other.close()
    const edited = await readFile(home)
    for (const onCorruption of ['fail', 'report', 'repair'] as const) {
      expect(await codeOf(openIn(base, { recovery: { onCorruption } }))).toBe('HOME_CHANGED_OUTSIDE')
      expect((await readFile(home)).equals(edited)).toBe(true)
    }
    const adopted = await openIn(base, { recovery: { homeChanged: 'adopt', verify: 'full' } })
    expect(await column(adopted, 'SELECT a FROM t')).toEqual([1, 2])
    await adopted.exec('INSERT INTO t VALUES (3)')
    await adopted.close()
    expect(await column(await openIn(base, { recovery: { verify: 'full' } }), 'SELECT a FROM t')).toEqual([1, 2, 3])
  })

  test('attack-34 a home in WAL mode, of another page size or cut in a page is refused even when asked to adopt', async () => {
    const base = await temporaryBase()
    const home = path.join(base, 'test/database.sqlite')
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    await db.exec(
      'WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<20) INSERT INTO t SELECT i FROM n',
    )
    await db.close()
    const plain = await readFile(home)
    const edits: ((bytes: Buffer) => Buffer)[] = [
      (bytes) => (bytes.fill(2, 18, 20), bytes),
      (bytes) => (bytes.writeUInt16BE(8192, 16), bytes),
      (bytes) => Buffer.concat([bytes, Buffer.alloc(100)]),
    ]
    for (const edit of edits) {
      const edited = edit(Buffer.from(plain))
      edited.writeUInt32BE(edited.readUInt32BE(24) + 1, 24)
      await writeFile(home, edited)
      expect(await codeOf(openIn(base, { recovery: { homeChanged: 'adopt' } }))).toBe('HOME_CHANGED_OUTSIDE')
      expect((await readFile(home)).equals(edited)).toBe(true)
    }
    await writeFile(home, plain)
    expect(await column(await openIn(base), 'SELECT count(*) FROM t')).toEqual([20])
  })

  test('attack-34 a table that is lost is not taken for a home that was edited', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)')
    await db.close()
    const image = new Map(disk.image())
    const table = image.get('blocks.meta')
    if (table === undefined) throw new Error('there is a table')
    image.set('blocks.meta', withBytes(table, new Uint8Array(table.size).fill(7), 0))
    expect(await codeOf(openOn(new SimDisk(image)))).toBe('TABLE_CORRUPT')
    const repaired = await openOn(new SimDisk(image), { recovery: { onCorruption: 'repair' } })
    expect(await column(repaired, 'SELECT a FROM t')).toEqual([1])
    expect(repaired.recoveryReport.tablePagesRebuilt).toEqual([0])
    expect(await isSound(repaired)).toBe(true)
  })

  test('attack-34 a killed reign is folded before anyone else reads, and blocks are never smaller than a sector', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)')
    await db.checkpoint()
    const killed = afterKill(disk)
    expect(guardOf(killed)).toEqual([255, 255])
    await (await openOn(killed)).close()
    expect(guardOf(killed)).toEqual([1, 1])
    for (const blockSize of [512, 2048]) expect(await codeOf(openMemory({ blockSize }))).toBe('INVALID_OPTIONS')
  })
})

/** Apart from its guard bytes the home is as it was. */
function hasPagesOf(now: FileImage | undefined, before: FileImage | undefined): boolean {
  if (now === undefined || before === undefined || now.size !== before.size) return false
  const [a, b] = [new Uint8Array(now.size), new Uint8Array(now.size)]
  readImage(now, a, 0)
  readImage(before, b, 0)
  a.set(b.subarray(18, 20), 18)
  return Buffer.compare(a, b) === 0
}
