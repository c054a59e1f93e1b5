/** Rows that are too many, and rows that nobody wants. */
import { describe, expect, test } from 'vitest'
import { openFixture, thrownBy } from './fixture.ts'

describe('rows', () => {
  test('rows beyond the limit are refused: a read is cut short, a write is rolled back', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a)')
    const limited = (sql: string) => db.engine.run(sql, undefined, { rowMode: 'array', resultBytesMax: 5000 })
    expect(limited('SELECT zeroblob(4000)').rows).toHaveLength(1)
    expect(thrownBy(() => limited('SELECT zeroblob(4000) FROM (VALUES(1), (2))'))).toMatchObject({
      code: 'RESULT_TOO_LARGE',
    })
    const before = db.view.sealedTxid
    const insert =
      'INSERT INTO t WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<9) SELECT zeroblob(1000) FROM n RETURNING a'
    expect(thrownBy(() => limited(insert))).toMatchObject({ code: 'RESULT_TOO_LARGE' })
    expect(db.view.sealedTxid).toBe(before)
    expect(db.all('SELECT count(*) FROM t')).toEqual([[0]])
    expect(limited(insert.replace('i<9', 'i<4')).rows).toHaveLength(4)
    expect(thrownBy(() => limited(insert.replace('i<9', 'i<5')))).toMatchObject({ code: 'RESULT_TOO_LARGE' })
    expect(db.view.sealedTxid).toBe(before + 1)
    expect(db.run('SELECT 1').rows).toEqual([{ 1: 1 }])
  })

  test('rows that nobody wants are passed over: they count towards no limit, and what writes them is done', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a); INSERT INTO t VALUES(1), (2)')
    const unwanted = (sql: string) => db.engine.run(sql, undefined, { rowMode: 'none', resultBytesMax: 0 })
    const insert = 'INSERT INTO t SELECT a + 2 FROM t RETURNING a'
    expect(unwanted(insert)).toMatchObject({ rows: [], rowsAffected: 2 })
    expect(db.all('SELECT a FROM t')).toEqual([[1], [2], [3], [4]])
    expect(db.run(insert).rows).toEqual([{ a: 3 }, { a: 4 }, { a: 5 }, { a: 6 }])
    expect(thrownBy(() => unwanted('SELECT abs(-9223372036854775807 - a) FROM t'))).toMatchObject({ code: 'SQL_ERROR' })
  })

  test('a statement kept prepared since its rows were passed over names its columns as they are now', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
    const unwanted = () => db.engine.run('SELECT * FROM t', undefined, { rowMode: 'none', resultBytesMax: 0 })
    expect(unwanted().rows).toEqual([])
    expect(db.run('SELECT * FROM t').rows).toEqual([{ a: 1 }])
    db.run('ALTER TABLE t ADD COLUMN b DEFAULT 2')
    expect(unwanted().rows).toEqual([])
    expect(db.run('SELECT * FROM t').rows).toEqual([{ a: 1, b: 2 }])
  })
})
