/** OpenOptions.pragmas: in force at open and whenever the connection is made anew. */
import { describe, expect, test } from 'vitest'
import type { ConnectionPragmas } from '../../../src/sql.ts'
import { type Fixture, openFixture, reopen } from './fixture.ts'

describe('options of the connection', () => {
  const pragmas: ConnectionPragmas = {
    foreignKeys: true,
    recursiveTriggers: true,
    caseSensitiveLike: true,
    reverseUnorderedSelects: true,
    trustedSchema: false,
    cellSizeCheck: true,
    deferForeignKeys: true,
    cacheSize: 123,
  }
  const read = (db: Fixture) => [
    db.all('PRAGMA foreign_keys; '),
    db.all('PRAGMA recursive_triggers'),
    db.all("SELECT 'a' LIKE 'A'"),
    db.all('SELECT * FROM (VALUES(1), (2)) AS v'),
    db.all('PRAGMA trusted_schema'),
    db.all('PRAGMA cell_size_check'),
    db.all('PRAGMA cache_size'),
    db.all('PRAGMA reverse_unordered_selects'),
  ]

  test('are in force at open and after a rebuild', async () => {
    const db = await openFixture({ pragmas, synchronousLevel: 0 })
    const expected = [[[1]], [[1]], [[0]], [[1], [2]], [[0]], [[1]], [[123]], [[1]]]
    expect(read(db)).toEqual(expected)
    expect(db.all('PRAGMA synchronous')).toEqual([[0]])
    await db.engine.rebuild()
    expect(read(db)).toEqual(expected)
    expect(db.all('PRAGMA synchronous')).toEqual([[0]])
  })

  test('deferForeignKeys holds in every transaction', async () => {
    const db = await openFixture({ pragmas })
    db.run('CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p)')
    for (const id of [1, 2]) {
      db.engine.begin()
      db.run('INSERT INTO c VALUES(?)', [id])
      db.run('INSERT INTO p VALUES(?)', [id])
      db.engine.commit()
    }
    expect(db.all('SELECT count(*) FROM c')).toEqual([[2]])
  })

  test('a page size other than the block size is refused', async () => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a)')
    db.flush()
    const wider = Object.assign(db.store, { blockSize: 8192 })
    for (const [at, bytes] of wider.blocks) {
      const block = new Uint8Array(8192)
      block.set(bytes)
      wider.blocks.set(at, block)
    }
    await expect(reopen(wider)).rejects.toMatchObject({
      code: 'BLOCK_SIZE_MISMATCH',
      details: { blockSize: 8192, pageSize: 4096 },
    })
  })
})
