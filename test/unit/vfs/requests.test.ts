/** Requests of one and of several statements: what they return, how they fail, what is kept prepared. */
import { describe, expect, test } from 'vitest'
import type { DatabaseError } from '../../../src/errors.ts'
import { openFixture, thrownBy } from './fixture.ts'

describe('results', () => {
  test('rows are those of the last statement that returns columns; changes add up', async () => {
    const db = await openFixture()
    const result = db.run(`
      CREATE TABLE t(id INTEGER PRIMARY KEY, a); -- a comment; with a semicolon
      INSERT INTO t(a) VALUES('x'), ('y;');
      SELECT 'not these';
      SELECT a FROM t ORDER BY id;
      INSERT INTO t(id, a) VALUES(9007199254740993, 'z');
      UPDATE t SET a = upper(a) WHERE id < 3;;
    `)
    expect(result).toEqual({ rows: [{ a: 'x' }, { a: 'y;' }], rowsAffected: 5, lastInsertRowid: 9007199254740993n })
  })

  test.each(['', ' ', ';', ' ; ;; ', '-- comment', '/* comment */', '/* open', ' -- c\n ; /* d */'])(
    '%j does nothing',
    async (sql) => {
      const db = await openFixture()
      expect(db.run(sql)).toEqual({ rows: [], rowsAffected: 0, lastInsertRowid: 0 })
      expect(db.run(sql, [])).toMatchObject({ rows: [] })
    },
  )

  test('only statements that change rows count, and only what they changed', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a PRIMARY KEY, b); INSERT INTO t VALUES(1, 1), (2, 2), (3, 3)')
    const affected = (sql: string) => db.run(sql).rowsAffected
    for (const sql of [
      'CREATE TABLE u AS SELECT * FROM t',
      'CREATE VIRTUAL TABLE f USING fts5(x)',
      'SELECT * FROM t',
      'EXPLAIN INSERT INTO t VALUES(7, 7)',
      'EXPLAIN QUERY PLAN DELETE FROM t',
      'PRAGMA user_version=3',
      'CREATE INDEX i ON t(b)',
      'ANALYZE',
      'ALTER TABLE u RENAME COLUMN b TO c',
      'ALTER TABLE u ADD COLUMN d DEFAULT 5',
      'DROP TABLE u',
      'VACUUM',
      'REINDEX',
      'UPDATE t SET b = 9 WHERE a > 100',
      'INSERT OR IGNORE INTO t VALUES(1, 1)',
    ]) {
      expect([sql, affected(sql)]).toEqual([sql, 0])
    }
    expect(affected('UPDATE t SET b = 0')).toBe(3)
    expect(affected('INSERT OR REPLACE INTO t VALUES(1, 5)')).toBe(1)
    expect(affected("INSERT INTO f VALUES('one'), ('two')")).toBe(2)
    expect(affected('WITH n(i) AS (VALUES(8), (9)) INSERT INTO t SELECT i, i FROM n RETURNING a')).toBe(2)
    expect(affected('DELETE FROM t')).toBe(5)
    db.run('CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO f VALUES(1); INSERT INTO f VALUES(2); END')
    expect(affected('INSERT INTO t VALUES(1, 1)')).toBe(1)
    db.run(
      'CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER w INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE a = old.a; END',
    )
    expect(affected('DELETE FROM v')).toBe(0)
    expect(db.all('SELECT count(*) FROM t')).toEqual([[0]])
  })

  test('RETURNING gives rows and commits', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a)')
    const before = db.view.sealedTxid
    expect(db.run('INSERT INTO t VALUES(?), (?) RETURNING a * 2 AS twice', [1, 2]).rows).toEqual([
      { twice: 2 },
      { twice: 4 },
    ])
    expect(db.view.sealedTxid).toBe(before + 1)
  })
})

describe('errors', () => {
  test.each<[string, number, number, number | undefined]>([
    ['SELEC 1', 1, 0, 0],
    ['SELECT 1; SELECT nothing', 1, 1, 17],
    ["SELECT 'äöü😀'; /* € */ SELECT x FROM nowhere", 1, 1, undefined],
    ["SELECT 'äöü😀', nosuch", 1, 0, 16],
    ['SELECT 1 FROM', 1, 0, undefined],
  ])('%s: code, statement and offset', async (sql, sqliteCode, statement, offset) => {
    const db = await openFixture()
    const error = thrownBy(() => db.run(sql))
    expect(error).toMatchObject({ code: 'SQL_ERROR', sqliteCode, details: { statement } })
    expect((error as DatabaseError).details['offset']).toBe(offset)
  })

  test('constraint errors carry the extended code and what was before stands', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a UNIQUE, b NOT NULL, CHECK(b > 0))')
    const error = thrownBy(() =>
      db.run(
        'INSERT INTO t VALUES(1, 1); INSERT INTO t VALUES(2, 1); INSERT INTO t VALUES(1, 2); INSERT INTO t VALUES(3, 1)',
      ),
    )
    expect(error).toMatchObject({
      code: 'SQL_ERROR',
      sqliteCode: 2067,
      details: { statement: 2 },
      message: 'UNIQUE constraint failed: t.a',
    })
    expect(thrownBy(() => db.run('INSERT INTO t VALUES(5, NULL)'))).toMatchObject({ sqliteCode: 1299 })
    expect(thrownBy(() => db.run('INSERT INTO t VALUES(5, 0)'))).toMatchObject({ sqliteCode: 275 })
    expect(db.all('SELECT a FROM t')).toEqual([[1], [2]])
    expect(db.engine.isAutocommit).toBe(true)
    expect(db.view.hasOverlay).toBe(false)
  })

  test('SQL with a NUL character is refused whole', async () => {
    const db = await openFixture()
    expect(thrownBy(() => db.run('SELECT 1;\0 DROP TABLE t'))).toMatchObject({ code: 'SQL_ERROR' })
  })

  test('what nests too deeply is an error, and SQLite goes on', async () => {
    const db = await openFixture()
    for (const sql of [
      `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
      `SELECT * FROM ${'(SELECT * FROM '.repeat(5000)} t`,
      `SELECT '${'a'.repeat(20_000)}' LIKE '${'%a'.repeat(20_000)}b'`,
    ]) {
      expect(thrownBy(() => db.run(sql))).toMatchObject({ code: 'SQL_ERROR' })
      expect(db.engine.isPoisoned).toBe(false)
    }
    expect(db.all('SELECT 1')).toEqual([[1]])
  })

  test('a request that is told to stop is interrupted; a write is rolled back', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a)')
    const endless = 'WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n)'
    let asked = 0
    const options = { rowMode: 'array', resultBytesMax: 1e6, shouldStop: () => ++asked === 3 } as const
    for (const sql of [`${endless} SELECT count(*) FROM n`, `${endless} INSERT INTO t SELECT i FROM n`]) {
      asked = 0
      expect(thrownBy(() => db.engine.run(sql, undefined, options))).toMatchObject({
        code: 'ABORTED',
        details: { interrupted: true },
      })
      expect(asked).toBe(3)
      expect(db.view.hasOverlay).toBe(false)
    }
    expect(db.all('SELECT count(*) FROM t')).toEqual([[0]])
    db.engine.begin()
    db.run('INSERT INTO t VALUES(1)')
    asked = 0
    expect(thrownBy(() => db.engine.run(`${endless} SELECT count(*) FROM n`, undefined, options))).toMatchObject({
      code: 'ABORTED',
    })
    expect(db.engine.isAutocommit).toBe(false)
    asked = 0
    expect(thrownBy(() => db.engine.run(`${endless} INSERT INTO t SELECT i FROM n`, undefined, options))).toMatchObject(
      { code: 'ABORTED' },
    )
    expect(db.engine.isAutocommit).toBe(true)
    expect(db.view.hasOverlay).toBe(false)
  })
})
