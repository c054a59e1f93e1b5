/** Names, epochs and transaction numbers that must not be used twice. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { destroy } from '../../src/index.ts'
import { encodeHeader, HEADER_FILE_BYTES, newestOf, readHeader } from '../../src/storage/header.ts'
import { epoch } from '../../src/units.ts'
import { codeOf, openIn, temporaryBase } from '../api/harness.ts'
import { openOn } from '../api/sim-place.ts'
import type { CrashPoint } from '../model/crash-images.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { type DiskImage, withBytes, withFlippedBit } from '../model/sim-image.ts'
import { afterKill, afterPowerLoss, column, openTable, unhurried } from './world.ts'

describe('attack-12', () => {
  test('attack-12 nothing commits by name: after the first answer no name is made, and a power loss takes none', async () => {
    const { disk, db } = await openTable()
    const from = disk.trace.length
    const names = (point: CrashPoint) => point.ops.filter(({ kind }) => kind === 'create' || kind === 'remove')
    expect(names(disk.crashPoint())).toEqual([])
    const text = 'x'.repeat(900_000)
    await db.exec('CREATE TABLE b (text TEXT)')
    for (let id = 1; id <= 12; id++) {
      await db.exec('INSERT INTO b VALUES (?)', [text])
      const left = await openOn(afterPowerLoss(disk), { recovery: { verify: 'none' } })
      expect(await column(left, 'SELECT count(*) FROM b')).toEqual([id])
      await left.close()
    }
    await db.checkpoint()
    const kinds = new Set(disk.trace.slice(from).map(({ kind }) => kind))
    for (const kind of ['open', 'flushNames', 'remove', 'list'] as const) expect(kinds.has(kind)).toBe(false)
    const written = new Set(disk.trace.slice(from).flatMap(({ kind, name }) => (kind === 'write' ? [name] : [])))
    expect([...written].filter((name) => name.startsWith('log-')).length).toBeGreaterThan(1)
  })
})

describe('attack-13', () => {
  test('attack-13 a new epoch is greater than any that the medium has seen, whichever header slot is lost', async () => {
    let disk = new SimDisk()
    const epochs: number[] = []
    for (let reign = 0; reign < 4; reign++) {
      const db = await openOn(disk)
      await db.exec('CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY)')
      epochs.push((await db.exec('INSERT INTO t DEFAULT VALUES')).receipt.epoch)
      const byte = reign % 2 === 0 ? 100 : 4096 + 100
      disk = new SimDisk(withFlippedBit(afterKill(disk).image(), { name: 'header', byte, bit: 2 }))
    }
    expect(epochs).toEqual([1, 2, 3, 4])
    expect(await column(await openOn(disk), 'SELECT a FROM t')).toEqual([1, 2, 3, 4])
  })

  test('attack-13 a header that is older than the log does not lead back: it is refused, or the epoch goes on', async () => {
    const disk = new SimDisk()
    let old: DiskImage = new Map()
    let greatest = 0
    for (let reign = 0; reign < 5; reign++) {
      const db = await openOn(disk)
      await db.exec('CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY)')
      greatest = (await db.exec('INSERT INTO t DEFAULT VALUES')).receipt.epoch
      if (reign === 1) old = disk.image()
      await db.checkpoint()
    }
    const image = new Map(disk.image())
    const header = old.get('header')
    if (header === undefined) throw new Error('there is a header')
    image.set('header', header)
    // Seen twice: before the epoch is raised, and by the recovery plan. Either refuses.
    expect(await codeOf(openOn(new SimDisk(image)))).toBe('HEADER_CORRUPT')
    expect(greatest).toBe(5)
  })

  test('attack-13 an epoch that only the log remembers is not used again', async () => {
    const disk = new SimDisk()
    let greatest = 0
    for (let reign = 0; reign < 3; reign++) {
      const db = await openOn(disk)
      await db.exec('CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY)')
      greatest = (await db.exec('INSERT INTO t DEFAULT VALUES')).receipt.epoch
    }
    const file = disk.image().get('header')
    const header = newestOf(readHeader(await afterKill(disk).open('header', { create: false })))
    if (file === undefined || header === undefined) throw new Error('there is a header')
    const bytes = new Uint8Array(HEADER_FILE_BYTES)
    for (const at of [0, HEADER_FILE_BYTES / 2])
      encodeHeader({ ...header, epoch: epoch(1) }, bytes.subarray(at, at + HEADER_FILE_BYTES / 2))
    const image = new Map(disk.image()).set('header', withBytes(file, bytes, 0))
    const db = await openOn(new SimDisk(image))
    expect(await column(db, 'SELECT a FROM t')).toEqual([1, 2, 3])
    expect((await db.exec('INSERT INTO t DEFAULT VALUES')).receipt.epoch).toBe(greatest + 1)
  })

  test('attack-13 a relaxed commit that was lost stays lost though its number is used again', async () => {
    const { disk, db } = await openTable(unhurried)
    const { receipt } = await db.exec('INSERT INTO t VALUES (1)', [], { durability: 'relaxed' })
    const after = await openOn(afterPowerLoss(disk))
    expect(await codeOf(after.durable(receipt))).toBe('COMMIT_LOST')
    const again = await after.exec('INSERT INTO t VALUES (2)')
    expect(again.receipt.txid).toBe(receipt.txid)
    await after.durable(again.receipt)
    expect(await codeOf(after.durable(receipt))).toBe('COMMIT_LOST')
  })

  test('attack-13 a database that is made after one was destroyed goes on with its epochs', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    const { receipt } = await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    await db.close()
    await destroy('test', { storage: { kind: 'fs', base } })
    expect(await readFile(path.join(base, 'test/lease'), 'utf8')).toContain(`"epoch":${receipt.epoch}`)
    const anew = await openIn(base)
    expect((await anew.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')).receipt.epoch).toBeGreaterThan(receipt.epoch)
  })
})
