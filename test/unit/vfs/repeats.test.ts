/** Which statements of a script are taken for repeats of one another, and that their errors are those of the text. */
import { describe, expect, test } from 'vitest'
import { limits } from '../../../src/limits.ts'
import type { RowsWanted } from '../../../src/sql.ts'
import { Connection } from '../../../src/vfs/connection.ts'
import { type Fixture, openFixture, thrownBy } from './fixture.ts'
import { compare } from './with-and-without-repeats.ts'

const settings = { resultBytesMax: limits.resultBytesMax }

/** What ran, and how often SQLite was asked to prepare something. */
async function counted(db: Fixture, sql: string, rowMode: RowsWanted = 'none'): Promise<{ prepared: number }> {
  const { prepare } = Connection.prototype
  let prepared = 0
  Connection.prototype.prepare = function (at) {
    prepared++
    return prepare.call(this, at)
  }
  try {
    db.engine.run(sql, undefined, { rowMode, ...settings })
  } finally {
    Connection.prototype.prepare = prepare
  }
  return { prepared }
}

const many = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join('')

describe('is prepared once', () => {
  const setup = 'CREATE TABLE t(a INTEGER, b, c TEXT); CREATE INDEX ta ON t(a);'
  test.each<[string, string]>([
    ['INSERT', many(100, (at) => `INSERT INTO t VALUES(${at}, -${at}, 'text ${at}');\n`)],
    ['INSERT with names', many(100, (at) => `insert or ignore into main."t" (a, "b") values ( ${at},NULL ) ;`)],
    ['UPDATE', many(100, (at) => `UPDATE t SET b = ${at}, c = 'ä' WHERE a = ${at} AND a<${at};`)],
    ['DELETE', many(100, (at) => `DELETE FROM t WHERE a >= ${at} AND t.a <= ${at};`)],
    ['SELECT', many(100, (at) => `SELECT count(*), max(b) FROM t WHERE a >= ${at} AND a < ${at + 10};`)],
  ])('%s', async (_, script) => {
    const db = await openFixture()
    db.run(setup)
    // The first, one behind its newline, the parameters, and the end of the script at most.
    expect((await counted(db, script)).prepared).toBeLessThanOrEqual(4)
  })

  test('a few tables in turn', async () => {
    const db = await openFixture()
    db.run(setup)
    const script = many(100, (at) => `INSERT INTO t VALUES(${at}, 1, '');INSERT INTO t(a) VALUES(${at});`)
    expect((await counted(db, script)).prepared).toBeLessThanOrEqual(5)
  })
})

describe('is prepared as it stands', () => {
  test.each<[string, string]>([
    ['longer numbers', many(50, (at) => `INSERT INTO t(a) VALUES(${10n ** 15n + BigInt(at)});`)],
    ['fractions', many(50, (at) => `INSERT INTO t(a) VALUES(${at}.5);`)],
    ['quotes in text', many(50, (at) => `INSERT INTO t(a) VALUES('it''s ${at}');`)],
    ['calls', many(50, (at) => `INSERT INTO t(a) VALUES(abs(${at}));`)],
    ['expressions', many(50, (at) => `INSERT INTO t(a) VALUES(1 + ${at});`)],
    ['what is returned', many(50, (at) => `INSERT INTO t(a) VALUES(${at}) RETURNING a;`)],
    ['comments', many(50, (at) => `INSERT INTO t(a) VALUES(/* */ ${at});`)],
    ['an order', many(50, (at) => `SELECT a FROM t WHERE a > ${at} ORDER BY 1;`)],
    ['a limit', many(50, (at) => `SELECT a FROM t WHERE a > 1 LIMIT ${at};`)],
    ['what is selected', many(50, (at) => `SELECT ${at} FROM t WHERE a > 1;`)],
    ['a collation', many(50, (at) => `DELETE FROM t WHERE c = '${at}' COLLATE NOCASE;`)],
    ['a pattern', many(50, (at) => `DELETE FROM t WHERE c LIKE '${at}';`)],
  ])('%s', async (_, script) => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a, b, c)')
    expect((await counted(db, script)).prepared).toBeGreaterThanOrEqual(50)
  })

  test('a SELECT whose rows are wanted, because its columns are named after its text', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a)')
    const script = many(50, (at) => `SELECT count(*) FROM t WHERE a > ${at};`)
    expect((await counted(db, script, 'object')).prepared).toBeGreaterThanOrEqual(50)
  })

  test('shapes that never come again: after a few, none is learned', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a, b)')
    const script = many(200, (at) => `INSERT INTO t(a) VALUES(${' '.repeat(at)}1);`)
    expect((await counted(db, script)).prepared).toBeLessThan(220)
  })

  test('one whose plan depends on its value', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a, b); CREATE INDEX some ON t(b) WHERE a = 7; INSERT INTO t VALUES(7, 1), (8, 2)')
    const script = many(50, (at) => `UPDATE t SET b = ${at} WHERE a = ${at};`)
    expect((await counted(db, script)).prepared).toBeGreaterThanOrEqual(40)
    expect(db.all('SELECT a, b FROM t')).toEqual([
      [7, 7],
      [8, 8],
    ])
  })
})

describe('errors are those of the text', () => {
  test('a constraint: the statement is named, those before it stand', async () => {
    await compare('CREATE TABLE t(a PRIMARY KEY, b CHECK(b < 3))', [
      'INSERT INTO t VALUES(1, 1);',
      'INSERT INTO t VALUES(2, 2);',
      "INSERT INTO t VALUES('x', 2);",
      'INSERT INTO t VALUES(4, 5);',
      'INSERT INTO t VALUES(5, 1);',
    ])
  })

  test('a table that is gone after a rollback is missed where the text names it', async () => {
    const db = await openFixture()
    const inserts = many(5, (at) => `INSERT INTO t VALUES(${at});`)
    const script = `BEGIN;CREATE TABLE t(a);${inserts}ROLLBACK;INSERT INTO t VALUES(9);`
    expect(thrownBy(() => db.run(script))).toMatchObject({
      code: 'SQL_ERROR',
      message: 'no such table: t',
      details: { statement: 8 },
    })
  })

  test.each<[string, readonly string[]]>([
    ['dropped', ['DROP TABLE t;', 'CREATE TABLE t(b);']],
    ['changed', ['ALTER TABLE t RENAME COLUMN a TO b;']],
    ['added and rolled back', ['ROLLBACK TO s;']],
  ])('a column that was %s is missed where the text names it', async (_, change) => {
    const known = [1, 2, 3].map((at) => `DELETE FROM t WHERE a = ${at};`)
    const setup = change[0]?.startsWith('ROLLBACK') === true ? 'CREATE TABLE t(b)' : 'CREATE TABLE t(a)'
    const before = setup.endsWith('(b)') ? ['SAVEPOINT s;', 'ALTER TABLE t ADD COLUMN a;'] : []
    await compare(setup, [...before, ...known, ...change, 'DELETE FROM t WHERE a = 4;'])
  })

  test('a table made anew is the new one', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a TEXT)')
    const inserts = many(4, (at) => `INSERT INTO t VALUES(${at});`)
    db.run(`${inserts}DROP TABLE t;CREATE TABLE t(a INTEGER, b DEFAULT 'b');${inserts.replaceAll('t V', 't(a) V')}`)
    expect(db.all('SELECT a, b FROM t')).toEqual([0, 1, 2, 3].map((at) => [at, 'b']))
  })

  test('parameters are asked for as ever', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a)')
    const script = 'INSERT INTO t VALUES(1);INSERT INTO t VALUES(2);INSERT INTO t VALUES(?);'
    expect(thrownBy(() => db.run(script))).toMatchObject({ code: 'INVALID_PARAMETER' })
    db.run(script, [3])
    expect(db.all('SELECT a FROM t')).toEqual([[1], [2], [3]])
  })
})

test('the memory may grow while values are bound: a database in UTF-16 copies each text', async () => {
  const db = await openFixture()
  db.run("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(a, b, c)")
  const long = '€'.repeat(4_000_000)
  const text = ['', 'x', long, 'y']
  const before = db.engine.wasmBytes
  const script = text.map((value, at) => `INSERT INTO t VALUES('${value}', ${at}, 'z');`).join('')
  expect((await counted(db, script)).prepared).toBe(2)
  expect(db.engine.wasmBytes).toBeGreaterThan(before)
  expect(db.all('SELECT length(a), b, c FROM t')).toEqual(text.map(({ length }, at) => [length, at, 'z']))
})
