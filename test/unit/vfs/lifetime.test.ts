/** Rebuilding, poisoning, closing: which instance serves, what it may still touch. */
import { describe, expect, test } from 'vitest'
import { limits } from '../../../src/limits.ts'
import { Connection } from '../../../src/vfs/connection.ts'
import { type Fixture, openFixture, reopen, thrownBy } from './fixture.ts'

/** Adding this many numbers is nested as deeply on the left; SQLite's code for it overflows the stack of the thread. */
const overflowing = `SELECT ${Array.from({ length: 40_000 }, () => '1').join('+')}`

async function openOne(options: Parameters<typeof openFixture>[0] = {}): Promise<Fixture> {
  const db = await openFixture(options)
  db.run("CREATE TABLE t(a); INSERT INTO t VALUES('kept')")
  return db
}

const rows = (db: Fixture) => db.all('SELECT a FROM t')

describe('rebuild', () => {
  test('after a discard the connection sees what the store has', async () => {
    const db = await openOne()
    db.flush()
    db.run("INSERT INTO t VALUES('sealed, not stored')")
    expect(rows(db)).toHaveLength(2)
    db.view.discard()
    await db.engine.rebuild()
    expect(rows(db)).toEqual([['kept']])
    db.run("INSERT INTO t VALUES('new')")
    db.flush()
    const again = await reopen(db.store)
    expect(rows(again)).toEqual([['kept'], ['new']])
    expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
  })

  test('sees another database when the store got one', async () => {
    const [db, other] = [await openOne(), await openFixture()]
    other.run('CREATE TABLE x(y); INSERT INTO x VALUES(1), (2)')
    other.flush()
    db.view.discard()
    db.store.blocks.clear()
    for (const [at, bytes] of other.store.blocks) db.store.blocks.set(at, bytes)
    db.store.sizeBlocks = other.store.sizeBlocks
    await db.engine.rebuild()
    expect(db.all('SELECT y FROM x')).toEqual([[1], [2]])
  })

  test('keeps what is sealed and gives up the open transaction, whose rollback reaches nothing', async () => {
    const db = await openOne({ pragmas: { cacheSize: 10 } })
    const { sealedTxid } = db.view
    db.engine.begin()
    db.run('INSERT INTO t SELECT zeroblob(2000) FROM pragma_function_list')
    expect(db.view.hasOverlay).toBe(true)
    await db.engine.rebuild()
    expect(db.view.hasOverlay).toBe(false)
    expect(db.view.sealedTxid).toBe(sealedTxid)
    expect(db.engine.isAutocommit).toBe(true)
    expect(rows(db)).toEqual([['kept']])
    expect(db.run('BEGIN; COMMIT').rows).toEqual([])
  })

  test('refuses everything until it is done', async () => {
    const db = await openOne()
    const rebuilding = db.engine.rebuild()
    if (db.engine.isPoisoned) throw new Error('a sound engine is not poisoned by a rebuild')
    await rebuilding
    expect(rows(db)).toEqual([['kept']])
  })

  test('replaces an instance that has grown, and only that', async () => {
    const db = await openOne()
    const small = db.engine.wasmBytes
    await db.engine.rebuild()
    expect(db.engine.wasmBytes).toBe(small)
    db.run(`SELECT length(zeroblob(${limits.wasmIdleBytesMax * 0.75}) || 'x')`)
    expect(db.engine.wasmBytes).toBeGreaterThan(limits.wasmIdleBytesMax)
    await db.engine.rebuild()
    expect(db.engine.wasmBytes).toBe(small)
    expect(rows(db)).toEqual([['kept']])
  })

  test('that cannot read the file leaves the engine refusing, and can be tried again', async () => {
    const db = await openOne()
    db.flush()
    db.store.failAt = { call: db.store.callCount + 1, isLasting: true }
    await expect(db.engine.rebuild()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(db.store.faultCount).toBeGreaterThan(0)
    expect(thrownBy(() => rows(db))).toMatchObject({ code: 'DATABASE_FAILED', cause: { code: 'STORAGE_FAILED' } })
    db.store.failAt = undefined
    await db.engine.rebuild()
    expect(rows(db)).toEqual([['kept']])
  })
})

describe('an exception that passes through SQLite', () => {
  test('poisons: nothing more runs, nothing of the transaction is kept, until a new instance serves', async () => {
    const db = await openOne({ pragmas: { cacheSize: 10 } })
    const { sealedTxid } = db.view
    db.engine.begin()
    db.run('INSERT INTO t SELECT zeroblob(2000) FROM pragma_function_list')
    expect(thrownBy(() => db.run(overflowing))).toMatchObject({
      code: 'SQL_ERROR',
      details: { isTooDeep: true },
      cause: { cause: expect.any(RangeError) as unknown },
    })
    expect(db.engine.isPoisoned).toBe(true)
    expect(db.view.hasOverlay).toBe(false)
    for (const use of [
      () => rows(db),
      () => db.engine.commit(),
      () => db.engine.rollback(),
      () => db.engine.begin(),
      () => db.engine.savepoint('s'),
    ]) {
      expect(thrownBy(use)).toMatchObject({ code: 'DATABASE_FAILED' })
    }
    await db.engine.rebuild()
    expect(db.engine.isPoisoned).toBe(false)
    expect(db.view.sealedTxid).toBe(sealedTxid)
    expect(rows(db)).toEqual([['kept']])
    for (const value of [1, 2, 3]) expect(db.run('INSERT INTO t VALUES(?)', [value]).rowsAffected).toBe(1)
    db.flush()
    const again = await reopen(db.store)
    expect(rows(again)).toEqual([['kept'], [1], [2], [3]])
    expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
  })

  test('poisons in a commit too: a View that breaks its promise is not taken for a success', async () => {
    const db = await openOne()
    const { sealedTxid } = db.view
    const seal = db.view.seal
    db.view.seal = () => {
      throw new TypeError('broken')
    }
    expect(thrownBy(() => db.run('INSERT INTO t VALUES(1)'))).toMatchObject({
      code: 'DATABASE_FAILED',
      cause: expect.any(TypeError) as unknown,
    })
    expect(db.engine.isPoisoned).toBe(true)
    db.view.seal = seal
    await db.engine.rebuild()
    expect(db.view.sealedTxid).toBe(sealedTxid)
    expect(rows(db)).toEqual([['kept']])
  })

  test('a write that was not sealed is not taken for a success', async () => {
    const db = await openOne()
    const seal = db.view.seal
    db.view.seal = () => undefined
    expect(thrownBy(() => db.run('INSERT INTO t VALUES(1)'))).toMatchObject({ code: 'DATABASE_FAILED' })
    expect(thrownBy(() => db.run('INSERT INTO t VALUES(1)'))).toMatchObject({ code: 'DATABASE_FAILED' })
    db.view.seal = seal
    await db.engine.rebuild()
    expect(rows(db)).toEqual([['kept']])
  })

  test('of the caller, from a getter of its parameters, does not', async () => {
    const db = await openOne()
    const broken = {
      get a(): number {
        throw new TypeError('mine')
      },
    }
    expect(thrownBy(() => db.run('SELECT :a', broken))).toMatchObject({ message: 'mine' })
    expect(db.engine.isPoisoned).toBe(false)
    expect(rows(db)).toEqual([['kept']])
  })
})

describe('close', () => {
  test('finalizes everything, and later calls say that it is closed', async () => {
    const db = await openOne()
    for (let n = 0; n < 10; n++) db.all(`SELECT ${n} FROM t`)
    db.engine.begin()
    db.engine.savepoint('s')
    db.run('INSERT INTO t VALUES(1)')
    db.engine.close()
    db.engine.close()
    expect(db.view.hasOverlay).toBe(false)
    for (const use of [() => rows(db), () => db.engine.begin(), () => db.engine.savepoint('s')]) {
      expect(thrownBy(use)).toMatchObject({ code: 'DATABASE_CLOSED' })
    }
    await expect(db.engine.rebuild()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    expect(rows(await openFixture({ view: db.view }))).toEqual([['kept']])
  })

  test('of a poisoned engine does not enter it', async () => {
    const db = await openOne()
    expect(thrownBy(() => db.run(overflowing))).toMatchObject({ code: 'SQL_ERROR' })
    db.engine.close()
    expect(thrownBy(() => rows(db))).toMatchObject({ code: 'DATABASE_CLOSED' })
  })
})

describe('close while a rebuild is under way', () => {
  /** An instance that is to be replaced: one that has grown, or one that is poisoned. */
  const worn = {
    grown: (db: Fixture) => db.run(`SELECT length(zeroblob(${limits.wasmIdleBytesMax * 0.75}) || 'x')`),
    poisoned: (db: Fixture) => thrownBy(() => db.run(overflowing)),
  }

  test.each(['grown', 'poisoned'] as const)('ends it: %s, no instance is left open', async (kind) => {
    const db = await openOne()
    worn[kind](db)
    const made: Connection[] = []
    const create = Connection.create.bind(Connection)
    Connection.create = async (options) => {
      const connection = await create(options)
      made.push(connection)
      return connection
    }
    try {
      const rebuilding = db.engine.rebuild()
      db.engine.close()
      await expect(rebuilding).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    } finally {
      Connection.create = create
    }
    expect(
      made.map(({ db }) => db),
      'no connection is open',
    ).toEqual([0])
    expect(thrownBy(() => rows(db))).toMatchObject({ code: 'DATABASE_CLOSED' })
    await expect(db.engine.rebuild()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    db.engine.close()
  })

  test('keeps it closed when the new instance cannot be opened either', async () => {
    const db = await openOne()
    db.flush()
    worn.grown(db)
    db.store.failAt = { call: db.store.callCount + 1, isLasting: true }
    const rebuilding = db.engine.rebuild()
    db.engine.close()
    await expect(rebuilding).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(db.store.faultCount).toBeGreaterThan(0)
    expect(thrownBy(() => rows(db))).toMatchObject({ code: 'DATABASE_CLOSED' })
  })
})

test('two engines do not meet', async () => {
  const [one, two] = [await openOne(), await openOne()]
  one.run("INSERT INTO t VALUES('one')")
  two.run('DELETE FROM t')
  expect(rows(one)).toEqual([['kept'], ['one']])
  expect(rows(two)).toEqual([])
})
