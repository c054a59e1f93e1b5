/** Statements that stay prepared between requests. */
import { describe, expect, test } from 'vitest'
import { openFixture, thrownBy } from './fixture.ts'

describe('statements kept prepared', () => {
  test('follow the schema', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
    expect(db.run('SELECT * FROM t').rows).toEqual([{ a: 1 }])
    db.run('ALTER TABLE t ADD COLUMN b DEFAULT 2')
    expect(db.run('SELECT * FROM t').rows).toEqual([{ a: 1, b: 2 }])
    db.run('ALTER TABLE t RENAME COLUMN b TO c')
    expect(db.run('SELECT * FROM t').rows).toEqual([{ a: 1, c: 2 }])
    db.run('DROP TABLE t')
    expect(thrownBy(() => db.run('SELECT * FROM t'))).toMatchObject({ code: 'SQL_ERROR', message: 'no such table: t' })
    db.run("CREATE TABLE t(d); INSERT INTO t VALUES('new')")
    expect(db.run('SELECT * FROM t').rows).toEqual([{ d: 'new' }])
  })

  test('do not hinder VACUUM, DROP and close, however many there are', async () => {
    const db = await openFixture({ statementCacheMax: 4 })
    db.run('CREATE TABLE t(a); INSERT INTO t VALUES(1), (2)')
    for (let n = 0; n < 40; n++) expect(db.all(`SELECT a, ${n % 13} FROM t`)).toHaveLength(2)
    db.run('VACUUM')
    db.run('DROP TABLE t')
    db.engine.close()
  })

  test('a statement that failed half way works again', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a PRIMARY KEY)')
    for (let round = 0; round < 3; round++) {
      db.run('INSERT INTO t VALUES(?)', [round])
      expect(thrownBy(() => db.run('INSERT INTO t VALUES(?)', [round]))).toMatchObject({
        code: 'SQL_ERROR',
        sqliteCode: 1555,
      })
    }
    expect(db.all('SELECT count(*) FROM t')).toEqual([[3]])
  })

  test('transaction control is asked about each time', async () => {
    const db = await openFixture()
    db.run('BEGIN')
    db.run('COMMIT')
    db.engine.begin()
    expect(thrownBy(() => db.run('COMMIT'))).toMatchObject({ code: 'MISUSE' })
    expect(thrownBy(() => db.run('ROLLBACK'))).toMatchObject({ code: 'MISUSE' })
    expect(thrownBy(() => db.run('BEGIN IMMEDIATE'))).toMatchObject({ code: 'MISUSE' })
    expect(thrownBy(() => db.run('END'))).toMatchObject({ code: 'MISUSE' })
    expect(db.engine.isAutocommit).toBe(false)
    db.engine.rollback()
  })
})
