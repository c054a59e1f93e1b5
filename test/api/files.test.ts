import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import sqlite from 'node-sqlite3-wasm'
import { describe, expect, test } from 'vitest'
import { destroy, open } from '../../src/index.ts'
import { codeOf, errorOf, openIn, openMemory, recordEvents, temporaryBase } from './harness.ts'

async function drain(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

describe('names and options', () => {
  test('a name that is not allowed is refused before anything is touched', async () => {
    const base = await temporaryBase()
    for (const name of ['', '.', '..', 'a/b', 'ä', 'x'.repeat(201)]) {
      expect(await codeOf(open(name, { storage: { kind: 'fs', base } }))).toBe('INVALID_NAME')
    }
    expect(await readdir(base)).toEqual([])
  })

  test('an option with a value it cannot have is named', async () => {
    const refused = [
      { durability: 'eventually' },
      { blockSize: 1000 },
      { syncPolicy: { maxWaitMs: 0 } },
      { syncPolicy: { unknown: 1 } },
      { recovery: { verify: 'never' } },
      { backpressure: { highBytes: 1, normalBytes: 2 } },
      { pragmas: { foreignKeys: 1 } },
      { checksum: 'md5' },
      { colour: 'red' },
    ]
    for (const options of refused) {
      const error = await errorOf(open('test', { storage: 'memory', ...options } as never))
      expect(error.code).toBe('INVALID_OPTIONS')
    }
    for (const storage of ['indexeddb', 'opfs', { kind: 's3' }]) {
      expect(await codeOf(open('test', { storage } as never))).toBe('NOT_SUPPORTED')
    }
    expect(await codeOf(open('test', { storage: { kind: 'fs', layout: 'blocks' } } as never))).toBe('NOT_SUPPORTED')
  })

  test('a signal raised before opening keeps it from happening', async () => {
    expect(await codeOf(open('test', { storage: 'memory', signal: AbortSignal.abort() }))).toBe('ABORTED')
  })
})

describe('the home file', () => {
  test('is a plain SQLite file after a clean close and not one before', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO t VALUES (1, $a)', {
      a: 'x'.repeat(10_000),
    })
    await db.checkpoint()
    const home = path.join(base, 'test/database.sqlite')
    expect((await readFile(home)).subarray(18, 20)).toEqual(Buffer.of(255, 255))
    await db.close()
    const other = new sqlite.Database(home, { readOnly: true })
    expect(other.get('SELECT id, length(text) AS length FROM t')).toEqual({ id: 1, length: 10_000 })
    expect(other.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' })
    other.close()
  })

  test('changed by another SQLite while closed: refused, or adopted when asked', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)')
    await db.close()
    const other = new sqlite.Database(path.join(base, 'test/database.sqlite'))
    other.exec('INSERT INTO t VALUES (2)')
    other.close()
    expect(await codeOf(openIn(base))).toBe('HOME_CHANGED_OUTSIDE')
    const adopted = await openIn(base, { recovery: { homeChanged: 'adopt' } })
    expect(await adopted.query('SELECT id FROM t')).toEqual([{ id: 1 }, { id: 2 }])
    expect(adopted.recoveryReport.homeAdopted).toBeDefined()
  })

  test('destroy leaves nothing of the database, and a new one begins empty', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    expect(await codeOf(destroy('test', { storage: { kind: 'fs', base } }))).toBe('STORE_LOCKED')
    await db.close()
    await destroy('test', { storage: { kind: 'fs', base } })
    expect(await readdir(path.join(base, 'test'))).toEqual(['lease'])
    const anew = await openIn(base)
    expect(anew.recoveryReport.found).toBe('created')
    expect(await anew.query('SELECT name FROM sqlite_schema')).toEqual([])
  })

  test('a directory whose header was written over is refused and left as it is', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    await db.close()
    await writeFile(path.join(base, 'test/header'), 'something else entirely')
    const before = await readFile(path.join(base, 'test/header'), 'utf8')
    expect(await codeOf(openIn(base))).toBe('HEADER_CORRUPT')
    expect(await readFile(path.join(base, 'test/header'), 'utf8')).toBe(before)
  })
})

describe('export and import', () => {
  test('an export is the database of one moment as a plain SQLite file', async () => {
    const base = await temporaryBase()
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
    await db.batch(
      Array.from({ length: 2000 }, (_, id) => ({
        sql: 'INSERT INTO t VALUES (?, ?)',
        params: [id, 'x'.repeat(id % 500)],
      })),
    )
    const reader = db.export().getReader()
    const first = await reader.read()
    await db.exec('DELETE FROM t')
    await db.checkpoint()
    const chunks = [first.value ?? new Uint8Array()]
    for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value)
    const file = path.join(base, 'copy.sqlite')
    await writeFile(file, Buffer.concat(chunks))
    const other = new sqlite.Database(file, { readOnly: true })
    expect(other.get('SELECT count(*) AS n FROM t')).toEqual({ n: 2000 })
    expect(other.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' })
    other.close()
    expect(await db.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 0 }])
  })

  test('an import asks for its own flush, whatever the policy would wait for', async () => {
    const source = await openMemory()
    await source.exec('CREATE TABLE t(v)')
    const db = await openMemory({ syncPolicy: { intervalMs: 0, maxWaitMs: 2000 } })
    const events = recordEvents(db)
    await db.import(source.export())
    expect(events.filter((event) => event.type === 'sync.started').map(({ trigger }) => trigger)).toEqual(['requested'])
  })

  test('an import replaces the database in one commit and says so', async () => {
    const base = await temporaryBase()
    const source = await openMemory()
    await source.exec('CREATE TABLE s (id INTEGER PRIMARY KEY, text TEXT)')
    await source.exec(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO s SELECT i, 'row ' || i FROM n",
    )
    const db = await openIn(base)
    await db.exec('CREATE TABLE old (id INTEGER PRIMARY KEY)')
    const events = recordEvents(db)
    const receipt = await db.import(source.export())
    expect(events.filter(({ type }) => type === 'database.replaced')).toEqual([{ type: 'database.replaced', receipt }])
    await db.close()
    const reopened = await openIn(base)
    expect(await reopened.query('SELECT count(*) AS n FROM s')).toEqual([{ n: 3000 }])
    expect(await codeOf(reopened.query('SELECT * FROM old'))).toBe('SQL_ERROR')
  })

  test('what is not a sound database of our page size is refused and nothing changes', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT); CREATE INDEX i ON t (text)')
    await db.batch(
      Array.from({ length: 500 }, (_, id) => ({ sql: 'INSERT INTO t VALUES (?, ?)', params: [id, `text ${id}`] })),
    )
    const sound = await drain(db.export())
    const other = await openMemory({ blockSize: 8192 })
    await other.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
    const damaged = sound.slice()
    damaged.fill(7, 8192, 8192 + 2000)
    const wal = sound.slice()
    wal.set([2, 2], 18)
    const refused = [
      new Uint8Array(),
      Uint8Array.of(1, 2, 3),
      sound.subarray(0, 5000),
      damaged,
      wal,
      await drain(other.export()),
    ]
    for (const source of refused) expect(await codeOf(db.import(source))).toBe('IMPORT_INVALID')
    expect(await db.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 500 }])
    await db.import(new Blob([sound as BlobPart]))
    expect(await db.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 500 }])
  })

  test('closing interrupts an export that nobody finishes', async () => {
    const db = await openMemory()
    await db.exec('CREATE TABLE t (text TEXT)')
    await db.exec('INSERT INTO t VALUES (?)', ['x'.repeat(2_000_000)])
    const reader = db.export().getReader()
    await reader.read()
    await db.close()
    expect(await codeOf(reader.read())).toBe('EXPORT_INTERRUPTED')
  })
})
