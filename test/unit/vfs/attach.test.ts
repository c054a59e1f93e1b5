/** One connection, one file: what ATTACH, DETACH and VACUUM may do. */
import { describe, expect, test } from 'vitest'
import { openFixture, reopen, thrownBy } from './fixture.ts'

describe('a second database', () => {
  test.each([
    "ATTACH 'other' AS o",
    "ATTACH '/database' AS o",
    "ATTACH ':memory:' AS o",
    "ATTACH '' AS o",
    "ATTACH 'file:x?vfs=unix' AS o",
    "ATTACH 'x' || 'y' AS o",
    "VACUUM INTO 'copy'",
    "VACUUM INTO '/database'",
  ])('%s is refused', async (sql) => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
    expect(thrownBy(() => db.run(sql))).toMatchObject({ code: 'ATTACH_REFUSED' })
    expect(thrownBy(() => db.run('SELECT 1;' + sql))).toMatchObject({ code: 'ATTACH_REFUSED' })
    expect(db.all('SELECT name FROM pragma_database_list')).toEqual([['main']])
    expect(db.engine.isAutocommit).toBe(true)
    expect(db.all('SELECT * FROM t')).toEqual([[1]])
  })

  test('cannot be reached by a parameter or taken away', async () => {
    const db = await openFixture()
    expect(thrownBy(() => db.run('ATTACH ? AS o', ['x']))).toMatchObject({ code: 'ATTACH_REFUSED' })
    expect(thrownBy(() => db.run('DETACH main'))).toMatchObject({ code: 'ATTACH_REFUSED' })
  })

  test('VACUUM attaches its own, frees blocks, and gives its memory back', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a); INSERT INTO t SELECT zeroblob(3000) FROM pragma_function_list')
    db.run('DELETE FROM t WHERE rowid > 3')
    db.flush()
    const { sizeBlocks } = db.store
    db.run('VACUUM')
    expect(db.view.sizeBlocks).toBeLessThan(sizeBlocks / 2)
    expect(db.engine.tempBytes).toBe(0)
    db.flush()
    expect(db.store.blocks.size).toBe(db.view.sizeBlocks)
    const again = await reopen(db.store)
    expect(again.all('SELECT count(*) FROM t')).toEqual([[3]])
    expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
  })
})
