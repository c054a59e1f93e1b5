/** Transactions, rollbacks (spilled and not), savepoints and TEMP objects: what is sealed, what is gone. */
import { describe, expect, test } from 'vitest'
import { type Fixture, openFixture, reopen, thrownBy } from './fixture.ts'

const fill = (rows: number) =>
  `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<${rows}) INSERT INTO t SELECT i, zeroblob(1500) FROM n`

async function openFilled(options: Parameters<typeof openFixture>[0] = {}): Promise<Fixture> {
  const db = await openFixture({ pragmas: { cacheSize: 10 }, ...options })
  db.run('CREATE TABLE t(a INTEGER PRIMARY KEY, b)')
  db.run(fill(100))
  db.flush()
  return db
}

const state = (db: Fixture) => db.all('SELECT count(*), sum(a), sum(length(b)) FROM t')
const filled = [[100, 5050, 150_000]]

/** What this engine reads, and what is there after a crash. */
async function expectState(db: Fixture, expected: unknown) {
  expect(db.view.hasOverlay).toBe(false)
  expect(state(db)).toEqual(expected)
  db.flush()
  const again = await reopen(db.store)
  expect(state(again)).toEqual(expected)
  expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
}

describe('rollback', () => {
  test.each([
    ['in the cache', 3],
    ['spilled', 1000],
  ])('of a transaction %s leaves nothing', async (_, rows) => {
    const db = await openFilled()
    const before = db.view.sealedTxid
    db.engine.begin()
    db.run(`UPDATE t SET b = zeroblob(1600) WHERE a <= ${rows}`)
    if (rows > 100) db.run(fill(1000).replace('SELECT i,', 'SELECT i + 1000,'))
    expect(db.view.hasOverlay).toBe(rows > 100)
    db.engine.rollback()
    expect(db.view.sealedTxid).toBe(before)
    await expectState(db, filled)
  })

  test('to a savepoint, spilled, keeps what was before it', async () => {
    const db = await openFilled()
    db.engine.begin()
    db.run("UPDATE t SET b = 'x' WHERE a <= 50")
    db.engine.savepoint('one')
    db.run(fill(2000).replace('SELECT i,', 'SELECT i + 1000,'))
    db.engine.savepoint('two')
    db.run('DELETE FROM t')
    db.engine.releaseSavepoint('two')
    db.engine.rollbackToSavepoint('one')
    db.engine.releaseSavepoint('one')
    db.engine.commit()
    await expectState(db, [[100, 5050, 50 + 75_000]])
  })

  test('by a request of its own, and of a request that fails half way', async () => {
    const db = await openFilled()
    db.run(`BEGIN; ${fill(900).replace('SELECT i,', 'SELECT i + 1000,')}; ROLLBACK`)
    await expectState(db, filled)
    expect(
      thrownBy(() => db.run(fill(1000).replace('SELECT i,', 'SELECT CASE i WHEN 999 THEN 5 ELSE i + 1000 END,'))),
    ).toMatchObject({ sqliteCode: 1555 })
    await expectState(db, filled)
  })

  test('INSERT OR ROLLBACK ends the transaction: isAutocommit tells, commit refuses, rollback is nothing', async () => {
    const db = await openFilled()
    const before = db.view.sealedTxid
    db.engine.begin()
    db.run(fill(900).replace('SELECT i,', 'SELECT i + 1000,'))
    expect(thrownBy(() => db.run('INSERT OR ROLLBACK INTO t VALUES(1, 1)'))).toMatchObject({
      code: 'SQL_ERROR',
      sqliteCode: 1555,
    })
    expect(db.engine.isAutocommit).toBe(true)
    expect(db.view.hasOverlay).toBe(false)
    for (const use of [
      () => db.run('INSERT INTO t VALUES(1001, 1)'),
      () => state(db),
      () => db.engine.savepoint('s'),
      () => db.engine.commit(),
    ]) {
      expect(thrownBy(use)).toMatchObject({ code: 'TRANSACTION_ABORTED' })
    }
    db.engine.rollback()
    expect(db.view.sealedTxid).toBe(before)
    await expectState(db, filled)
  })

  test('a transaction beyond the limit is refused at the write and rolled back', async () => {
    const db = await openFilled({ transactionBytesMax: 400_000 })
    expect(thrownBy(() => db.run(fill(2000).replace('SELECT i,', 'SELECT i + 1000,')))).toMatchObject({
      code: 'TRANSACTION_TOO_LARGE',
      details: { bytesMax: 400_000 },
    })
    await expectState(db, filled)
    db.engine.begin()
    expect(thrownBy(() => db.run(fill(2000).replace('SELECT i,', 'SELECT i + 1000,')))).toMatchObject({
      code: 'TRANSACTION_TOO_LARGE',
    })
    db.engine.rollback()
    await expectState(db, filled)
    expect(db.run('INSERT INTO t VALUES(1001, 1)').rowsAffected).toBe(1)
  })

  test('so is one whose temporary files are beyond theirs', async () => {
    const db = await openFilled({ tempBytesMax: 200_000 })
    db.run(fill(1400).replace('SELECT i,', 'SELECT i + 1000,'))
    const before = state(db)
    for (const sql of ['VACUUM', 'CREATE INDEX i ON t(b, a)', 'SELECT * FROM t ORDER BY b || a']) {
      expect(thrownBy(() => db.run(sql))).toMatchObject({
        code: 'TRANSACTION_TOO_LARGE',
        details: { bytesMax: 200_000 },
      })
      expect(db.engine.tempBytes).toBe(0)
      await expectState(db, before)
    }
  })
})

describe('commit', () => {
  test('seals once, at its end', async () => {
    const db = await openFilled()
    const before = db.view.sealedTxid
    db.engine.begin()
    expect(db.engine.isAutocommit).toBe(false)
    db.run(fill(900).replace('SELECT i,', 'SELECT i + 1000,'))
    db.run('DELETE FROM t WHERE a <= 100')
    expect(db.view.sealedTxid).toBe(before)
    db.engine.commit()
    expect(db.engine.isAutocommit).toBe(true)
    expect(db.view.sealedTxid).toBe(before + 1)
    await expectState(db, [[900, 900_000 + 405_450, 1_350_000]])
  })

  test('of nothing takes no txid', async () => {
    const db = await openFilled()
    const before = db.view.sealedTxid
    db.engine.begin()
    db.engine.commit()
    db.engine.begin()
    db.run('UPDATE t SET b = b; UPDATE t SET a = 5 WHERE 0; SELECT count(*) FROM t')
    db.engine.commit()
    expect(db.view.sealedTxid).toBe(before)
  })

  test('that SQLite refuses leaves the transaction open', async () => {
    const db = await openFixture({ pragmas: { foreignKeys: true } })
    db.run('CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p DEFERRABLE INITIALLY DEFERRED)')
    db.engine.begin()
    db.run('INSERT INTO c VALUES(1)')
    expect(thrownBy(() => db.engine.commit())).toMatchObject({ code: 'SQL_ERROR', sqliteCode: 787 })
    expect(db.engine.isAutocommit).toBe(false)
    expect(thrownBy(() => db.run('COMMIT'))).toMatchObject({ code: 'MISUSE' })
    db.run('INSERT INTO p VALUES(1)')
    db.engine.commit()
    expect(db.all('SELECT * FROM c')).toEqual([[1]])
  })
})

describe('a transaction left open by a request', () => {
  test.each(['BEGIN; INSERT INTO t VALUES(1001, 1)', 'SAVEPOINT s; INSERT INTO t VALUES(1001, 1)'])(
    '%s can be seen and rolled back',
    async (sql) => {
      const db = await openFilled()
      db.run(sql)
      expect(db.engine.isAutocommit).toBe(false)
      db.engine.rollback()
      expect(db.engine.isAutocommit).toBe(true)
      await expectState(db, filled)
    },
  )
})

describe('TEMP objects', () => {
  const creations = [
    'CREATE TEMP TABLE x(a)',
    'CREATE TABLE temp.x(a)',
    'CREATE TEMP TABLE x AS SELECT 1',
    'CREATE TEMP VIEW x AS SELECT 1',
    'CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END',
    'CREATE VIRTUAL TABLE temp.x USING fts5(a)',
    'CREATE VIEW temp.x AS SELECT 1',
    'CREATE TRIGGER temp.x AFTER INSERT ON t BEGIN DELETE FROM t; END',
  ]

  test.each(creations)('%s is refused outside a transaction', async (sql) => {
    const db = await openFilled()
    expect(thrownBy(() => db.run(sql))).toMatchObject({ code: 'MISUSE' })
    expect(thrownBy(() => db.run(`BEGIN; ${sql}`))).toMatchObject({ code: 'MISUSE' })
    db.engine.rollback()
    await expectState(db, filled)
  })

  test.each(creations)('%s lives until the end of its transaction', async (sql) => {
    const db = await openFilled()
    const temps = () => db.all('SELECT name FROM temp.sqlite_schema')
    for (const end of ['commit', 'rollback', 'rebuild'] as const) {
      db.engine.begin()
      db.run(sql)
      if (sql.includes('TABLE') && !sql.includes('VIRTUAL'))
        db.run('CREATE INDEX temp.y ON x(1); CREATE TEMP VIEW "quoted ""name" AS SELECT * FROM x')
      expect(temps().length).toBeGreaterThan(0)
      await db.engine[end]()
      expect(temps()).toEqual([])
    }
    db.run('INSERT INTO t VALUES(1001, 1); DELETE FROM t WHERE a = 1001')
    await expectState(db, filled)
  })

  test('do not disturb what is committed beside them', async () => {
    const db = await openFilled()
    db.engine.begin()
    db.run('CREATE TEMP TABLE x AS SELECT * FROM t; DELETE FROM t; INSERT INTO t SELECT * FROM x WHERE a <= 10')
    db.engine.commit()
    expect(db.engine.tempBytes).toBeLessThan(70_000)
    await expectState(db, [[10, 55, 15_000]])
  })

  test('a table of the same name hides the stored one only until then', async () => {
    const db = await openFilled()
    expect(db.all('SELECT count(*) FROM t')).toEqual([[100]])
    db.engine.begin()
    db.run('CREATE TEMP TABLE t(z)')
    expect(db.all('SELECT count(*) FROM t')).toEqual([[0]])
    db.engine.commit()
    expect(db.all('SELECT count(*) FROM t')).toEqual([[100]])
  })
})
