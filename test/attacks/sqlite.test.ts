/** What SQLite may be told, or may meet, that would silently undo the promises of the layers below. */
import { describe, expect, test } from 'vitest'
import { View } from '../../src/storage/view.ts'
import { Connection } from '../../src/vfs/connection.ts'
import { open } from '../../src/vfs/constants.ts'
import { codeOf, openMemory } from '../api/harness.ts'
import { openOn } from '../api/sim-place.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { flush, reopen, thrownBy } from '../unit/vfs/fixture.ts'
import { MemoryBlockStore } from '../unit/vfs/memory-block-store.ts'
import { ids, openTouchy, rows } from './touchy-view.ts'
import { afterKill, column, isSound, openOver, withFiles } from './world.ts'

describe('attack-02', () => {
  test('attack-02 a PRAGMA that would change how the file is kept answers what is in force and changes nothing', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk, { blockSize: 4096 })
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    for (const mode of ['WAL', 'OFF', 'DELETE', 'TRUNCATE'])
      expect(await column(db, `PRAGMA main.journal_mode = ${mode}`)).toEqual(['memory'])
    expect(await column(db, 'PRAGMA locking_mode = NORMAL')).toEqual(['exclusive'])
    await db.exec('PRAGMA page_size = 8192; VACUUM; PRAGMA temp_store = 2; PRAGMA synchronous = OFF')
    await db.exec(rows(50))
    const after = await openOn(afterKill(disk), { recovery: { verify: 'full' } })
    expect(await column(after, 'SELECT count(*) FROM t')).toEqual([50])
    expect(await column(after, 'PRAGMA page_size')).toEqual([4096])
    expect(await isSound(after)).toBe(true)
  })

  test('attack-02 the VFS by itself refuses journals, WAL files and a second database file', async () => {
    const view = new View(new MemoryBlockStore(), { transactionBytesMax: 1e9 })
    const notices: unknown[] = []
    const onNotice = (notice: unknown) => void notices.push(notice)
    const connection = await Connection.create({ view, pragmas: {}, synchronousLevel: 2, tempBytesMax: 1e6, onNotice })
    const { vfs } = connection
    for (const flags of [open.MAIN_JOURNAL, open.WAL, open.SUPER_JOURNAL])
      expect(thrownBy(() => vfs.open('/database-wal', 1, flags))).toMatchObject({ code: 'MISUSE' })
    for (const name of ['/database', '/other'])
      expect(thrownBy(() => vfs.open(name, 1, open.MAIN_DB))).toMatchObject({ code: 'ATTACH_REFUSED' })
    // The authorizer, which refuses ATTACH first, lets statements of the engine's own through.
    expect(thrownBy(() => connection.internal("ATTACH '/database' AS again"))).toMatchObject({ code: 'ATTACH_REFUSED' })
    const db = await openMemory()
    expect(await codeOf(db.exec("ATTACH '/database' AS again"))).toBe('ATTACH_REFUSED')
    expect(await codeOf(db.exec("VACUUM INTO 'copy'"))).toBe('ATTACH_REFUSED')
    // Not a file: only the authorizer sees it.
    expect(await codeOf(db.exec("ATTACH ':memory:' AS again"))).toBe('ATTACH_REFUSED')
  })
})

describe('attack-03', () => {
  test('attack-03 whatever a read of the medium throws, a write that was reported done is there and no other is', async () => {
    const made = new SimDisk()
    const first = await openOn(made)
    await first.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    await first.exec(rows(40))
    await first.close()
    for (let nth = 1, fired = true; fired; nth += Math.ceil(nth / 2)) {
      const disk = afterKill(made)
      let left = nth
      let isArmed = false
      const throwing = withFiles(disk, ({ name, read }) => ({
        read: (into, at) => {
          if (isArmed && name === 'database.sqlite' && --left === 0) throw new TypeError('nobody expects this')
          return read(into, at)
        },
      }))
      const db = await openOver(throwing, { cacheBytes: 0, pragmas: { cacheSize: 10 } })
      isArmed = true
      const done: number[] = []
      for (const id of [1000, 1001, 1002]) {
        const outcome = await db
          .exec(`INSERT INTO t VALUES (${id}, (SELECT max(b) FROM t))`)
          .catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'DATABASE_FAILED' })
        else done.push(id)
      }
      fired = left <= 0
      const after = await openOn(afterKill(disk))
      expect(await column(after, 'SELECT a FROM t WHERE a >= 1000 ORDER BY a')).toEqual(done)
      expect(await column(after, 'SELECT count(*) FROM t WHERE a < 1000')).toEqual([40])
      expect(done.length).toBe(fired ? 2 : 3)
    }
  })

  test('attack-03 whatever a page write throws, a statement that was reported done is sealed and no other is', async () => {
    for (let nth = 1, fired = true; fired; nth++) {
      const { store, view, db } = await openTouchy({ cacheSize: 10 })
      view.failAt = view.writeCount + nth
      const expected: number[] = []
      for (const from of [1, 101, 201]) {
        try {
          db.run(rows(8, from))
          expected.push(...Array.from({ length: 8 }, (_, index) => from + index))
        } catch {
          // The callback kept it from passing through C, which would have cost the instance.
          expect(db.engine.isPoisoned).toBe(false)
        }
      }
      fired = view.writeCount >= view.failAt
      expect(expected.length).toBe(fired ? 16 : 24)
      expect(ids(db)).toEqual(expected)
      flush(view, store)
      expect(ids(await reopen(store))).toEqual(expected)
    }
  })

  test('attack-03 a write that changed rows and was not sealed is no success, and its instance is not used again', async () => {
    const { store, view, db } = await openTouchy()
    view.isDeaf = true
    expect(thrownBy(() => db.run('INSERT INTO t VALUES (1, 1)'))).toMatchObject({ code: 'DATABASE_FAILED' })
    expect(db.engine.isPoisoned).toBe(true)
    expect(thrownBy(() => db.run('SELECT 1'))).toMatchObject({ code: 'DATABASE_FAILED' })
    view.isDeaf = false
    await db.engine.rebuild()
    db.run('INSERT INTO t VALUES (2, 2)')
    expect(ids(db)).toEqual([2])
    flush(view, store)
    expect(ids(await reopen(store))).toEqual([2])
  })

  test('attack-03 a statement that overflows the stack is refused as SQL, and the database goes on', async () => {
    const disk = new SimDisk()
    const db = await openOn(disk)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
    const deep = (id: number) => `INSERT INTO t VALUES (${id}, ${Array.from({ length: 40_000 }, () => '1').join('+')})`
    const refused = { code: 'SQL_ERROR', details: { isTooDeep: true } }
    for (const id of [1, 2, 3]) {
      await db.exec('INSERT INTO t VALUES (?, 0)', [id])
      await expect(db.exec(deep(100 + id))).rejects.toMatchObject(refused)
    }
    const inside = db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (200, 0)')
      await tx.exec(deep(201))
    })
    await expect(inside).rejects.toMatchObject(refused)
    // Who hides the refusal from the transaction does not get half of it committed.
    const hiding = db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (300, 0)')
      await tx.exec(deep(301)).catch(() => undefined)
    })
    expect(await codeOf(hiding)).toBe('TRANSACTION_ABORTED')
    await db.exec('INSERT INTO t VALUES (4, 0)')
    expect(await column(db, 'SELECT a FROM t')).toEqual([1, 2, 3, 4])
    const after = await openOn(afterKill(disk), { recovery: { verify: 'full' } })
    expect(await column(after, 'SELECT a FROM t')).toEqual([1, 2, 3, 4])
    expect(await isSound(after)).toBe(true)
  })
})
