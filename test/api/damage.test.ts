/** A store that was damaged while nobody had it open: `open` says with a code what and where, has written nothing but an epoch, and there is a way on. */
import { describe, expect, test } from 'vitest'
import { fileNames, hasMagic, magics } from '../../src/storage/format.ts'
import { column, isSound, openTable } from '../attacks/world.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { type DiskImage, emptyFile, readImage, withFlippedBit, withSize } from '../model/sim-image.ts'
import { errorOf } from './harness.ts'
import { openOn } from './sim-place.ts'

const SECTOR_BYTES = 4096
const ROWS = [1, 2, 3, 4, 5]

interface Killed {
  readonly image: DiskImage
  /** Where the records of the rows stand, and the file that has them. */
  readonly log: string
  readonly records: readonly number[]
  /** As it is after a clean close instead. */
  readonly closed: DiskImage
}

/** Each row is a commit of its own, and none was folded when the process was killed. */
async function killed(): Promise<Killed> {
  const { disk, db } = await openTable()
  for (const row of ROWS) await db.exec('INSERT INTO t VALUES (?)', [row])
  const image = disk.image()
  await db.close()
  const found = fileNames.logs.flatMap((log) => recordsOf(image, log).map((at) => ({ log, at })))
  const log = found.at(-1)?.log ?? ''
  const records = found.filter((one) => one.log === log).map(({ at }) => at)
  return { image, log, records: records.slice(-ROWS.length), closed: disk.image() }
}

function recordsOf(image: DiskImage, name: string): number[] {
  const file = image.get(name) ?? emptyFile
  const bytes = new Uint8Array(file.size)
  readImage(file, bytes, 0)
  const sectors = Array.from({ length: file.size / SECTOR_BYTES }, (_, at) => at * SECTOR_BYTES)
  return sectors.filter((at) => hasMagic(bytes, at, magics.record))
}

const cutTo = (image: DiskImage, name: string, size: number): DiskImage =>
  new Map(image).set(name, withSize(image.get(name) ?? emptyFile, size))

const flipped = (image: DiskImage, name: string, byte: number): DiskImage =>
  withFlippedBit(image, { name, byte, bit: 3 })

describe('is refused by name', () => {
  const damages: readonly [string, (store: Killed) => DiskImage, code: string, (store: Killed) => object][] = [
    [
      'a log whose record is damaged',
      ({ image, log, records: [, second = 0] }) => flipped(image, log, second + 40),
      'LOG_CORRUPT',
      ({ log, records: [, second] }) => ({ file: log, at: second, toTxid: 5 }),
    ],
    [
      'a log whose image is damaged',
      ({ image, log, records: [, second = 0] }) => flipped(image, log, second + 2000),
      'LOG_CORRUPT',
      ({ log }) => ({ file: log, blockNo: 1 }),
    ],
    [
      'a log that is cut where a record ends',
      ({ image, log, records: [, , third = 0] }) => cutTo(image, log, third),
      'LOG_CORRUPT',
      ({ log, records: [, , third] }) => ({ file: log, bytes: third }),
    ],
    [
      'a log that is cut to nothing',
      ({ image, log }) => cutTo(image, log, 0),
      'LOG_CORRUPT',
      ({ log }) => ({ file: log, bytes: 0 }),
    ],
    [
      'a header without bytes',
      ({ closed }) => cutTo(closed, fileNames.header, 0),
      'HEADER_CORRUPT',
      () => ({ file: fileNames.header }),
    ],
    [
      'a block table without bytes',
      ({ closed }) => cutTo(closed, fileNames.table, 0),
      'TABLE_CORRUPT',
      () => ({ file: fileNames.table, pages: [0] }),
    ],
    [
      'a home without bytes',
      ({ closed }) => cutTo(closed, fileNames.home, 0),
      'HOME_CORRUPT',
      () => ({ file: fileNames.home, bytes: 0 }),
    ],
  ]

  test.each(damages)('%s', async (_, damage, code, details) => {
    const store = await killed()
    expect(store.records).toHaveLength(ROWS.length)
    const before = damage(store)
    const disk = new SimDisk(before)
    const error = await errorOf(openOn(disk))
    expect(error).toMatchObject({ code, details: details(store) })
    const named = { TABLE_CORRUPT: 'block table', HOME_CORRUPT: 'home' }[code] ?? String(error.details['file'])
    expect(error.message).toContain(named)
    const changed = [...disk.image()].filter(([name, file]) => file !== before.get(name)).map(([name]) => name)
    expect(changed.filter((name) => name !== fileNames.header)).toEqual([])
  })
})

describe('a log that is cut', () => {
  test.each(['report', 'repair'] as const)(
    'goes on with what is left, says so, and is whole again (%s)',
    async (mode) => {
      const { image, log, records } = await killed()
      const [, , third = 0] = records
      const disk = new SimDisk(cutTo(image, log, third))
      const db = await openOn(disk, { recovery: { onCorruption: mode } })
      expect(db.recoveryReport.logDamage).toMatchObject({ file: log, at: third })
      expect(await column(db, 'SELECT a FROM t')).toEqual([1, 2])
      await db.exec('INSERT INTO t VALUES (6)')
      const again = await openOn(new SimDisk(disk.image()))
      expect(await column(again, 'SELECT a FROM t')).toEqual([1, 2, 6])
      expect(await isSound(again)).toBe(true)
    },
  )
})
