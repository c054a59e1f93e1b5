/** What each PRAGMA does when a request sends it, and what the file and the connection look like afterwards. */
import { expect, test } from 'vitest'
import { type DatabaseError } from '../../../src/errors.ts'
import { type Fixture, openFixture, reopen, thrownBy } from './fixture.ts'

const settings = ['page_size', 'journal_mode', 'locking_mode', 'temp_store', 'synchronous', 'foreign_keys'] as const
const inForce = (db: Fixture) => Object.fromEntries(settings.map((name) => [name, db.all(`PRAGMA ${name}`)[0]]))

const initial = {
  page_size: [4096],
  journal_mode: ['memory'],
  locking_mode: ['exclusive'],
  temp_store: [1],
  synchronous: [2],
  foreign_keys: [0],
}

/** The page that a crash would leave can be read by another SQLite, and has the rows. */
async function expectIntact(db: Fixture) {
  db.run('INSERT INTO t VALUES(1)')
  db.flush()
  const again = await reopen(db.store)
  expect(again.all('SELECT count(*) FROM t')).toEqual(db.all('SELECT count(*) FROM t'))
  expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
}

test.each([
  [
    'journal_mode',
    ['WAL', 'DELETE', 'OFF', 'TRUNCATE', 'PERSIST', 'MEMORY'],
    [{ journal_mode: 'memory' }],
    'durability',
  ],
  ['locking_mode', ['NORMAL', 'EXCLUSIVE'], [{ locking_mode: 'exclusive' }], 'writer'],
  ['page_size', ['8192', '512'], [], 'blockSize'],
  ['temp_store', ['0', 'FILE', 'MEMORY'], [], 'memory'],
  ['synchronous', ['OFF', 'NORMAL', 'EXTRA', '0'], [], 'durability'],
])('setting %s answers what is in force, changes nothing, and says so', async (name, values, rows, word) => {
  const db = await openFixture()
  db.run('CREATE TABLE t(a)')
  for (const value of values) {
    for (const sql of [
      `PRAGMA ${name}=${value}`,
      `PRAGMA ${name}(${value})`,
      `PRAGMA main.${name} = '${value}'`,
      `pragma ${name.toUpperCase()}=${value}`,
    ]) {
      db.notices.length = 0
      expect(db.run(sql).rows).toEqual(rows)
      expect(db.notices).toEqual([{ pragma: name, message: expect.stringContaining(word) as string }])
    }
  }
  db.run('VACUUM')
  expect(inForce(db)).toEqual(initial)
  await expectIntact(db)
})

test.each<readonly [name: string, value: string, option: string | undefined]>([
  ['foreign_keys', 'ON', 'foreignKeys'],
  ['foreign_keys', '1', 'foreignKeys'],
  ['defer_foreign_keys', 'ON', 'deferForeignKeys'],
  ['recursive_triggers', 'ON', 'recursiveTriggers'],
  ['case_sensitive_like', 'ON', 'caseSensitiveLike'],
  ['reverse_unordered_selects', 'ON', 'reverseUnorderedSelects'],
  ['trusted_schema', 'OFF', 'trustedSchema'],
  ['cell_size_check', 'ON', 'cellSizeCheck'],
  ...[
    'legacy_alter_table',
    'writable_schema',
    'schema_version',
    'ignore_check_constraints',
    'query_only',
    'read_uncommitted',
  ]
    .concat(['max_page_count', 'hard_heap_limit', 'soft_heap_limit', 'count_changes', 'short_column_names'])
    .concat(['full_column_names', 'empty_result_callbacks', 'temp_store_directory', 'data_store_directory'])
    .map((name) => [name, '1', undefined] as const),
])('setting %s=%s is refused and the option named', async (name, value, option) => {
  const db = await openFixture()
  const before = db.all(`PRAGMA ${name}`)
  for (const sql of [
    `PRAGMA ${name}=${value}`,
    `PRAGMA ${name}(${value})`,
    `PRAGMA main.${name}=${value}`,
    `EXPLAIN PRAGMA ${name}=${value}`,
    `SELECT 1; PRAGMA ${name.toUpperCase()} = ${value}`,
  ]) {
    const error = thrownBy(() => db.run(sql)) as DatabaseError
    expect(error).toMatchObject({ code: 'SETTING_REFUSED', details: { pragma: name, option } })
    if (option !== undefined) expect(error.message).toContain(`OpenOptions.pragmas.${option}`)
  }
  expect(db.all(`PRAGMA ${name}`)).toEqual(before)
})

test('defer_foreign_keys is for the transaction that asks, and gone after it', async () => {
  const db = await openFixture({ pragmas: { foreignKeys: true } })
  db.run('CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p)')
  db.engine.begin()
  db.run('PRAGMA defer_foreign_keys=ON')
  db.run('INSERT INTO c VALUES(1)')
  db.run('INSERT INTO p VALUES(1)')
  db.engine.commit()
  expect(db.all('PRAGMA defer_foreign_keys')).toEqual([[0]])
  expect(() => db.run('INSERT INTO c VALUES(2)')).toThrow('FOREIGN KEY')
})

test('transient settings work, say that they will not last, and are gone after a rebuild', async () => {
  const db = await openFixture()
  const names = [
    'cache_size',
    'cache_spill',
    'secure_delete',
    'automatic_index',
    'analysis_limit',
    'busy_timeout',
    'journal_size_limit',
  ]
  const before = names.map((name) => db.all(`PRAGMA ${name}`))
  db.run(
    'PRAGMA cache_size=77; PRAGMA secure_delete=ON; PRAGMA analysis_limit=9; PRAGMA automatic_index=OFF; PRAGMA busy_timeout=5',
  )
  expect(db.notices.map(({ pragma }) => pragma)).toEqual([
    'cache_size',
    'secure_delete',
    'analysis_limit',
    'automatic_index',
    'busy_timeout',
  ])
  expect(db.all('PRAGMA cache_size')).toEqual([[77]])
  await db.engine.rebuild()
  expect(names.map((name) => db.all(`PRAGMA ${name}`))).toEqual(before)
})

test('settings of another schema are refused: they would bypass the file', async () => {
  const db = await openFixture()
  for (const name of ['journal_mode', 'locking_mode', 'page_size', 'synchronous', 'cache_size']) {
    expect(thrownBy(() => db.run(`PRAGMA temp.${name}=1`))).toMatchObject({ code: 'SETTING_REFUSED' })
    expect(db.notices).toEqual([])
  }
  expect(() => db.run('PRAGMA temp.journal_mode')).not.toThrow()
})

test("PRAGMAs that ask or belong to the file are SQLite's own", async () => {
  const db = await openFixture()
  db.run('PRAGMA auto_vacuum=INCREMENTAL; PRAGMA encoding="UTF-16le"; CREATE TABLE t(a); CREATE INDEX i ON t(a)')
  db.run('PRAGMA user_version=7; PRAGMA application_id=8')
  expect(db.all('PRAGMA auto_vacuum')).toEqual([[2]])
  expect(db.all('PRAGMA encoding')).toEqual([['UTF-16le']])
  expect(db.run('PRAGMA table_info(t)').rows).toMatchObject([{ cid: 0, name: 'a' }])
  expect(db.all('PRAGMA index_list(t)')).toHaveLength(1)
  expect(db.all('PRAGMA integrity_check(5)')).toEqual([['ok']])
  expect(db.all('PRAGMA quick_check')).toEqual([['ok']])
  expect(db.all('PRAGMA foreign_key_check')).toEqual([])
  expect(db.all('PRAGMA wal_checkpoint(TRUNCATE)')).toEqual([[0, -1, -1]])
  expect(() =>
    db.run('PRAGMA optimize; PRAGMA shrink_memory; PRAGMA no_such_pragma=1; PRAGMA mmap_size=1000000'),
  ).not.toThrow()
  db.run('INSERT INTO t SELECT zeroblob(3000) FROM pragma_function_list LIMIT 100')
  db.run('DELETE FROM t')
  const { sizeBlocks } = db.view
  db.run('PRAGMA incremental_vacuum(10)')
  expect(db.view.sizeBlocks).toBeLessThan(sizeBlocks)
  db.flush()
  const again = await reopen(db.store)
  expect(again.all('PRAGMA user_version; ')).toEqual([[7]])
  expect(again.all('PRAGMA application_id')).toEqual([[8]])
  expect(again.all('PRAGMA auto_vacuum')).toEqual([[2]])
  expect(again.all('PRAGMA encoding')).toEqual([['UTF-16le']])
  expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
})

test('the table-valued form only reads', async () => {
  const db = await openFixture()
  expect(db.all('SELECT * FROM pragma_journal_mode')).toEqual([['memory']])
  expect(db.all('SELECT * FROM pragma_page_size')).toEqual([[4096]])
  expect(db.all("SELECT name FROM pragma_table_info('sqlite_schema')")).toHaveLength(5)
  for (const name of [
    'journal_mode',
    'locking_mode',
    'page_size',
    'synchronous',
    'temp_store',
    'foreign_keys',
    'query_only',
  ]) {
    expect(thrownBy(() => db.run(`SELECT * FROM pragma_${name}('1')`))).toMatchObject({ code: 'SQL_ERROR' })
  }
  expect(inForce(db)).toEqual(initial)
})
