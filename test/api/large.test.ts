/** One transaction of 200 MiB on real files: committed, rolled back by its caller, and met by a full disk in the middle. */
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Place } from '../../src/effects/place.ts'
import type { Database } from '../../src/index.ts'
import { openAt } from '../../src/open-at.ts'
import { isZero } from '../../src/storage/bytes.ts'
import type { FileSystem, StoreFile } from '../../src/storage/file-system.ts'
import { openNodeFs } from '../../src/storage/media/node-fs.ts'
import { DatabaseError } from '../../src/errors.ts'
import { withFiles } from '../attacks/world.ts'
import { openIn, temporaryBase } from './harness.ts'
import { simPlace } from './sim-place.ts'

const MiB = 1024 * 1024
const rowCount = 200
const patient = { deadlineMs: 280_000 }
const timeoutMs = 300_000

/** A MiB that no other row has, and no two parts of it alike. */
function contentOf(id: number): Uint8Array {
  const words = new Uint32Array(MiB / 4)
  let state = id * 2_654_435_761 + 1
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return new Uint8Array(words.buffer)
}

const figures: string[] = []
let rssMax = 0
const noteMemory = () => {
  rssMax = Math.max(rssMax, process.memoryUsage.rss())
}
afterAll(() => console.log(`${figures.join('\n')}\nat most ${Math.round(rssMax / MiB)} MiB resident`))

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now()
  try {
    return await work()
  } finally {
    noteMemory()
    figures.push(`${what}: ${Math.round(performance.now() - from)} ms`)
  }
}

/** 200 rows of 1 MiB in one transaction; `end` is its last act. */
const insertAll = (db: Database, end: () => void = () => undefined) =>
  db.transaction(async (tx) => {
    for (let id = 1; id <= rowCount; id++) {
      await tx.exec('INSERT INTO t VALUES (?, ?)', [id, contentOf(id)])
      if (id % 20 === 0) noteMemory()
    }
    end()
  }, patient)

async function makeTable(db: Database): Promise<void> {
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, content BLOB)')
  await db.exec('INSERT INTO t VALUES (0, ?)', [contentOf(0)])
}

/** Every row there is, compared byte by byte. */
async function expectRows(db: Database, owed: readonly number[]): Promise<void> {
  const rows = await db.query<{ id: number }>('SELECT id FROM t ORDER BY id')
  expect(rows.map(({ id }) => id)).toEqual(owed)
  for (const id of owed) {
    const [row] = await db.query<{ content: Uint8Array }>('SELECT content FROM t WHERE id = ?', [id])
    expect(row !== undefined && Buffer.compare(row.content, contentOf(id)) === 0, `row ${id}`).toBe(true)
  }
  expect(await db.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  noteMemory()
}

const allRows = Array.from({ length: rowCount + 1 }, (_, id) => id)

async function expectReopened(base: string, owed: readonly number[]): Promise<void> {
  const db = await timed('  opened again', () => openIn(base, { recovery: { verify: 'full' } }))
  await expectRows(db, owed)
  await timed('  closed', () => db.close())
}

describe('a transaction of 200 MiB', () => {
  test(
    'commits, and is there when the database is opened again',
    async () => {
      const base = await temporaryBase()
      const db = await openIn(base)
      await makeTable(db)
      await timed('committed', () => insertAll(db))
      await expectRows(db, allRows)
      await timed('  closed', () => db.close())
      await expectReopened(base, allRows)
    },
    timeoutMs,
  )

  test(
    'is rolled back when its function throws, and the next one commits',
    async () => {
      const base = await temporaryBase()
      const db = await openIn(base)
      await makeTable(db)
      const thrown = new Error('at the very end')
      const failing = insertAll(db, () => {
        throw thrown
      })
      await expect(timed('rolled back', () => failing)).rejects.toBe(thrown)
      await expectRows(db, [0])
      await db.exec('INSERT INTO t VALUES (1, ?)', [contentOf(1)])
      await db.close()
      await expectReopened(base, [0, 1])
    },
    timeoutMs,
  )
})

/** A disk that is full once so many bytes of a log have been written: of what sets space aside, or of what is put there. */
class FillingDisk {
  fired = 0
  readonly #kind: 'space' | 'record'
  #left = Infinity

  constructor(kind: 'space' | 'record') {
    this.#kind = kind
  }

  fillAfter(bytes: number): void {
    this.#left = bytes
  }

  heal(): void {
    this.#left = Infinity
  }

  over(fs: FileSystem): FileSystem {
    return withFiles(fs, (file) => ({ write: (from, at) => this.#write(file, from, at) }))
  }

  #write(file: StoreFile, from: Uint8Array, at: number): void {
    if (file.name.startsWith('log-') && isZero(from) === (this.#kind === 'space')) {
      if (from.length > this.#left) {
        this.fired++
        file.write(from.subarray(0, Math.max(0, this.#left)), at)
        // Whoever is refused in the middle of a record gives up what it had: there is room for less at once.
        this.#left = this.#kind === 'space' ? 0 : Infinity
        throw new DatabaseError('STORAGE_FULL', 'no space left', { retryable: true })
      }
      this.#left -= from.length
    }
    file.write(from, at)
  }
}

/** Of an error and of what caused it. */
const codesOf = (error: unknown): string[] =>
  error instanceof DatabaseError ? [error.code, ...codesOf(error.cause)] : []

function placeOn(base: string, disk: FillingDisk): Place {
  return simPlace(disk.over(openNodeFs(path.join(base, 'test'))))
}

describe('a disk that is full in the middle of 200 MiB', () => {
  test(
    'while space is set aside: the transaction is kept, and commits when there is space again',
    async () => {
      const base = await temporaryBase()
      const disk = new FillingDisk('space')
      const db = await openAt(placeOn(base, disk), 'test', {})
      await makeTable(db)
      disk.fillAfter(100 * MiB)
      const healed = new Promise<void>((resolve) => {
        db.events$.subscribe((event) => {
          if (event.type !== 'sync.failed' || !event.willRetry) return
          disk.heal()
          resolve()
        })
      })
      await timed('refused once, then committed', () => insertAll(db))
      await healed
      expect(disk.fired).toBeGreaterThan(0)
      await expectRows(db, allRows)
      await db.close()
      await expectReopened(base, allRows)
    },
    timeoutMs,
  )

  test(
    'while its record is written: it is rolled back for certain, nothing of it comes back, and the next one commits',
    async () => {
      const base = await temporaryBase()
      const disk = new FillingDisk('record')
      const db = await openAt(placeOn(base, disk), 'test', {})
      await makeTable(db)
      disk.fillAfter(100 * MiB)
      const failing = insertAll(db)
      const error = await timed('failed and rolled back', () => failing.catch((thrown: unknown) => thrown))
      const codes = codesOf(error)
      expect([codes[0], codes.at(-1)]).toEqual(['STORAGE_FAILED', 'STORAGE_FULL'])
      expect(error).toMatchObject({ outcome: undefined })
      expect(disk.fired).toBe(1)
      await expectRows(db, [0])
      await db.exec('INSERT INTO t VALUES (1, ?)', [contentOf(1)])
      await db.close()
      await expectReopened(base, [0, 1])
    },
    timeoutMs,
  )
})
