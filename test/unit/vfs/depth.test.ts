/** Statements that nest deeper than a stack: each is run or refused, and what was there before stays as it was. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../../src/errors.ts'
import { createSqliteModule, type SqliteModule } from '../../../src/vfs/sqlite-module.ts'
import { stackBytes, StackGuard, stackTop } from '../../../src/vfs/stack-guard.ts'
import { Connection } from '../../../src/vfs/connection.ts'
import { type Fixture, openFixture, thrownBy } from './fixture.ts'

const times = (count: number, text: (index: number) => string, between = ' ') =>
  Array.from({ length: count }, (_, index) => text(index)).join(between)

/** SQL that nests `depth` levels, in each way that SQLite's parser lets through at any depth. */
const shapes: Readonly<Record<string, (depth: number) => string>> = {
  sum: (depth) => `SELECT ${times(depth, () => 'a', '+')} FROM t`,
  write: (depth) => `INSERT INTO t VALUES(${times(depth, () => '1', '+')})`,
  concatenation: (depth) => `UPDATE t SET a = ${times(depth, () => 'a', '||')}`,
  conjunction: (depth) => `SELECT 1 FROM t WHERE ${times(depth * 4, (index) => `a<>${index}`, ' AND ')}`,
  suffix: (depth) => `SELECT a ${times(depth, () => 'ISNULL')} FROM t`,
  collation: (depth) => `SELECT a ${times(depth * 3, () => 'COLLATE nocase')} FROM t`,
  'table upon table': (depth) =>
    `WITH ${times(depth, (at) => `c${at} AS (SELECT * FROM ${at === 0 ? 't' : `c${at - 1}`})`, ', ')} SELECT * FROM c${depth - 1}`,
  parentheses: (depth) => `SELECT ${'('.repeat(depth)}a${')'.repeat(depth)} FROM t`,
}

/** From where all is well to far beyond; closer together where the stacks end. */
const depths = [900, ...Array.from({ length: 14 }, (_, step) => 1500 + step * 111), 4000, 6000]

async function openKept(): Promise<Fixture> {
  const db = await openFixture()
  db.run("CREATE TABLE t(a); INSERT INTO t VALUES('kept')")
  db.flush()
  return db
}

describe('a statement that nests deeply', () => {
  test.each(Object.keys(shapes))('is run or refused, and the next one runs: %s', async (name) => {
    const db = await openKept()
    const make = shapes[name]
    const seen = { done: 0, refused: 0 }
    for (const depth of depths) {
      db.engine.begin()
      let refusal: unknown
      try {
        db.run(make?.(depth) ?? '')
        seen.done++
      } catch (error) {
        refusal = error
        seen.refused++
        expect(error).toBeInstanceOf(DatabaseError)
        expect(error).toMatchObject({ code: 'SQL_ERROR' })
      }
      if (db.engine.isPoisoned) {
        expect(refusal).toMatchObject({ details: { isTooDeep: true } })
        await db.engine.rebuild()
      } else db.engine.rollback()
      expect(db.all('SELECT a FROM t')).toEqual([['kept']])
      expect(db.view.hasOverlay).toBe(false)
    }
    expect(seen.done).toBeGreaterThan(0)
    expect(seen.refused).toBeGreaterThan(0)
    expect(db.all('PRAGMA integrity_check')).toEqual([['ok']])
  })
})

/** Runs `use` with the module of the engine that it opens. */
async function withModule<T>(use: (db: Fixture, module: SqliteModule) => T): Promise<T> {
  const create = Connection.create.bind(Connection)
  const made: Connection[] = []
  Connection.create = async (options) => {
    const connection = await create(options)
    made.push(connection)
    return connection
  }
  try {
    const db = await openKept()
    const [connection] = made
    if (connection === undefined) throw new Error('an engine makes a connection')
    return use(db, connection.module)
  } finally {
    Connection.create = create
  }
}

/** As a frame would that lies across the end of the stack. */
const overrun = (module: SqliteModule) =>
  module.HEAPU8.fill(1, stackTop - stackBytes + 512, stackTop - stackBytes + 520)

describe('the end of the stack', () => {
  test('lies where the binary says: behind its static data', () => {
    const path = createRequire(import.meta.url).resolve('wa-sqlite/dist/wa-sqlite.wasm')
    const { top, dataEnd } = layoutOf(readFileSync(path))
    expect(top).toBe(stackTop)
    expect(dataEnd).toBeLessThanOrEqual(stackTop - stackBytes)
    expect(dataEnd).toBeGreaterThan(stackTop - stackBytes - 4096)
  })

  test('is watched from before the first call', async () => {
    const module = await createSqliteModule()
    const guard = new StackGuard(module)
    expect(guard.isIntact).toBe(true)
    overrun(module)
    expect(guard.isIntact).toBe(false)
    expect(() => new StackGuard(module)).toThrow('unused')
  })

  test('overrun while a statement is prepared: it is not run', async () => {
    await withModule((db, module) => {
      overrun(module)
      expect(thrownBy(() => db.run("INSERT INTO t VALUES('not run')"))).toMatchObject({ details: { isTooDeep: true } })
      expect(db.engine.isPoisoned).toBe(true)
    })
  })

  test('overrun while a statement runs: its commit is refused', async () => {
    const db = await withModule((opened, module) => {
      const sql = 'INSERT INTO t VALUES(?)'
      opened.run(sql, ['prepared'])
      overrun(module)
      expect(thrownBy(() => opened.run(sql, ['refused']))).toMatchObject({ details: { isTooDeep: true } })
      expect(opened.engine.isPoisoned).toBe(true)
      return opened
    })
    await db.engine.rebuild()
    expect(db.all('SELECT a FROM t')).toEqual([['kept'], ['prepared']])
  })
})

/** From the sections of a WASM binary: the first global is the stack pointer; the last data segment ends the data that is not zero. */
function layoutOf(bytes: Uint8Array): { readonly top: number; readonly dataEnd: number } {
  let at = 8
  let top = 0
  let dataEnd = 0
  const number = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
  }
  while (at < bytes.length) {
    const section = bytes[at++]
    const length = number()
    const end = at + length
    if (section === 6) {
      number()
      // Type, mutability, i32.const.
      at += 3
      top = number()
    }
    if (section === 11) {
      for (let left = number(); left > 0; left--) {
        // Segment kind 0, i32.const; then the end of the expression.
        at += 2
        const from = number()
        at += 1
        const size = number()
        at += size
        dataEnd = from + size
      }
    }
    at = end
  }
  return { top, dataEnd }
}
