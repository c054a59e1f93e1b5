/** The calls that SQLite makes at the file, and what the View makes of them (design of the seal). W write, T truncate, S sync. */
import { describe, expect, test } from 'vitest'
import { limits } from '../../../src/limits.ts'
import { View } from '../../../src/storage/view.ts'
import { fcntl, rc } from '../../../src/vfs/constants.ts'
import { databaseFileName, DatabaseVfs } from '../../../src/vfs/database-vfs.ts'
import { createSqliteModule } from '../../../src/vfs/sqlite-module.ts'
import { cString, registerVfs, type VfsMethods } from '../../../src/vfs/vfs-table.ts'
import { MemoryBlockStore } from './memory-block-store.ts'

const MAIN_DB = 0x100

async function openTraced(pragmas: string) {
  const module = await createSqliteModule()
  const view = new View(new MemoryBlockStore(), { transactionBytesMax: limits.transactionBytesMax })
  const vfs = new DatabaseVfs(module, {
    view,
    tempBytesMax: 64 * 1024 * 1024,
    isRunning: () => false,
    checkStack: () => undefined,
    answerPragma: () => undefined,
  })
  let trace = ''
  let main = 0
  const record = (file: number, what: string) => {
    if (file === main) trace += what
  }
  const traced: VfsMethods = {
    open: (name, file, flags) => {
      if ((flags & MAIN_DB) !== 0) main = file
      return vfs.open(name, file, flags)
    },
    close: vfs.close,
    read: vfs.read,
    fileSize: vfs.fileSize,
    write: (...args) => (record(args[0], 'W'), vfs.write(...args)),
    truncate: (...args) => (record(args[0], 'T'), vfs.truncate(...args)),
    sync: (file) => (record(file, 'S'), vfs.sync(file)),
    fileControl: (file, op, argument) => {
      if (op === fcntl.SYNC) record(file, ' FC21 ')
      if (op === fcntl.COMMIT_PHASETWO) record(file, ' FC22')
      return vfs.fileControl(file, op, argument)
    },
  }
  const vfsName = registerVfs(module, 'traced', traced, (error) => {
    throw error
  })
  const out = module._sqlite3_malloc(8)
  expect(module._sqlite3_open_v2(cString(module, databaseFileName), out, 6, vfsName)).toBe(rc.OK)
  const db = module.HEAP32[out >> 2] ?? 0
  const exec = (sql: string): { trace: string; code: number } => {
    trace = ''
    let code: number = rc.OK
    for (let at = cString(module, sql); module.HEAPU8[at] !== 0; at = module.HEAP32[(out >> 2) + 1] ?? 0) {
      code = module._sqlite3_prepare_v3(db, at, -1, 0, out, out + 4)
      expect(code).toBe(rc.OK)
      const stmt = module.HEAP32[out >> 2] ?? 0
      if (stmt === 0) break
      do code = module._sqlite3_step(stmt)
      while (code === rc.ROW)
      module._sqlite3_finalize(stmt)
    }
    return { trace: trace.replace(/W+/g, 'W').trim(), code }
  }
  exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; ${pragmas}`)
  return { view, exec }
}

const fill =
  'WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<400) INSERT INTO t SELECT i, zeroblob(1000) FROM n'
const create = 'CREATE TABLE t(a, b); ' + fill

describe.each(['OFF', 'NORMAL', 'FULL', 'EXTRA'])('with synchronous=%s', (level) => {
  const sync = level === 'OFF' ? '' : 'S'
  const begun = async () => {
    const db = await openTraced(`PRAGMA synchronous=${level}; PRAGMA cache_size=10`)
    db.exec(create)
    return db
  }

  test('a commit writes, then SYNC, xSync, COMMIT_PHASETWO, and is sealed by the last', async () => {
    const db = await begun()
    const before = db.view.sealedTxid
    expect(db.exec('INSERT INTO t VALUES(1, 2)')).toEqual({
      trace: `W FC21 ${sync} FC22`,
      code: rc.DONE,
    })
    expect(db.view.sealedTxid).toBe(before + 1)
    expect(db.view.hasOverlay).toBe(false)
  })

  test('VACUUM truncates after xSync and before COMMIT_PHASETWO', async () => {
    const db = await begun()
    db.exec('DELETE FROM t WHERE a > 10')
    const { sizeBlocks } = db.view
    expect(db.exec('VACUUM').trace).toBe(`W FC21 ${sync}T FC22`)
    expect(db.view.sizeBlocks).toBeLessThan(sizeBlocks)
    expect(db.view.hasOverlay).toBe(false)
  })

  test('nothing changed is COMMIT_PHASETWO alone and takes no txid', async () => {
    const db = await begun()
    const before = db.view.sealedTxid
    expect(db.exec('BEGIN IMMEDIATE; COMMIT').trace).toBe('FC22')
    expect(db.exec('UPDATE t SET a = 1 WHERE 0').trace).toBe('FC22')
    expect(db.exec('UPDATE t SET a = a').trace).toBe('FC22')
    expect(db.view.sealedTxid).toBe(before)
  })

  test('a spilled rollback writes the old pages back without COMMIT_PHASETWO, and leaves an overlay', async () => {
    const db = await begun()
    const before = db.view.sealedTxid
    expect(db.exec('BEGIN; ' + fill + '; UPDATE t SET b = zeroblob(1001)').trace).toBe('W')
    expect(db.view.hasOverlay).toBe(true)
    expect(db.exec('ROLLBACK').trace).toBe(`TW FC21 ${sync}`.trim())
    expect(db.view.hasOverlay).toBe(true)
    expect(db.view.sealedTxid).toBe(before)
  })

  test('a commit after a savepoint was rolled back cuts off what the savepoint had spilled', async () => {
    const db = await begun()
    const { sizeBlocks } = db.view
    db.exec('BEGIN; INSERT INTO t VALUES(1, 2); SAVEPOINT s; ' + fill)
    expect(db.view.sizeBlocks).toBeGreaterThan(sizeBlocks + 10)
    db.exec('ROLLBACK TO s')
    expect(db.exec('COMMIT').trace).toBe(`W FC21 ${sync}T FC22`)
    expect(db.view.sizeBlocks).toBeLessThanOrEqual(sizeBlocks + 1)
    expect(db.view.hasOverlay).toBe(false)
  })
})
