/** The home beside other SQLites: plain after a close, guarded during a reign, and what they wrote is noticed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sqlite from 'node-sqlite3-wasm'
import { describe, expect, test } from 'vitest'
import type { BlockStore, Group } from '../../../src/storage/block-store.ts'
import { fileNames } from '../../../src/storage/format.ts'
import { MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import { blockNo, txid } from '../../../src/units.ts'
import { commit } from '../../contract/groups.ts'
import { bytesOf, openOn, put } from './stores.ts'

/** Runs SQL on these bytes with another SQLite; gives back the rows of the last query and the bytes afterwards. */
function withSqlite(bytes: Uint8Array, sql: readonly string[]): { rows: unknown; bytes: Uint8Array } {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'datasync-sqlite-')), 'db.sqlite')
  writeFileSync(file, bytes)
  const database = new sqlite.Database(file)
  try {
    let rows: unknown
    for (const one of sql) rows = database.all(one)
    database.close()
    return { rows, bytes: new Uint8Array(readFileSync(file)) }
  } finally {
    if (database.isOpen) database.close()
    rmSync(path.dirname(file), { recursive: true, force: true })
  }
}

const seed = withSqlite(new Uint8Array(0), [
  'PRAGMA page_size = 4096',
  'CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)',
  'INSERT INTO t SELECT value, hex(randomblob(50)) FROM (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM c WHERE value < 300) SELECT value FROM c)',
]).bytes

function groupOf(store: BlockStore, database: Uint8Array): Group {
  const next = store.positions.writtenTxid + 1
  const count = database.length / 4096
  const blocks = Array.from(
    { length: count },
    (_, at) => [blockNo(at), database.slice(at * 4096, (at + 1) * 4096)] as const,
  )
  return {
    firstTxid: txid(next),
    lastTxid: txid(next),
    sizeBlocks: count,
    blocks: new Map(blocks),
    freed: new Set(),
    requests: [],
    timeMs: next,
  }
}

async function storeOfSeed(fs = new MemoryFs()): Promise<{ fs: MemoryFs; store: BlockStore }> {
  const { store } = await openOn(fs)
  await store.append(groupOf(store, seed))
  await store.barrier({ mayWait: false })
  return { fs, store }
}

const home = (fs: MemoryFs) => bytesOf(fs, fileNames.home)

test('after a close it is the same file that SQLite made', async () => {
  const { fs, store } = await storeOfSeed()
  await store.close({})
  expect(Buffer.compare(await home(fs), seed)).toBe(0)
  const { rows } = withSqlite(await home(fs), ['PRAGMA integrity_check', 'SELECT count(*) AS n FROM t'])
  expect(rows).toEqual([{ n: 300 }])
})

test('from the first fold until the close another SQLite does not open it', async () => {
  const { fs, store } = await storeOfSeed()
  await store.checkpoint({ everything: true })
  expect([...(await home(fs)).slice(18, 20)]).toEqual([255, 255])
  const bytes = await home(fs)
  expect(() => withSqlite(bytes, ['SELECT * FROM t'])).toThrow(/not a database/)
  const into = new Uint8Array(4096)
  store.read(blockNo(0), into)
  expect([...into.slice(18, 20)]).toEqual([1, 1])
  store.abandon()
  const { store: next } = await openOn(fs, { cacheBytes: 4096 })
  next.read(blockNo(0), into)
  expect([...into.slice(18, 20)]).toEqual([1, 1])
  await next.close({})
  expect(Buffer.compare(await home(fs), seed)).toBe(0)
})

describe('changed by another SQLite while it was closed', () => {
  const changedHome = async (sql: readonly string[]) => {
    const { fs, store } = await storeOfSeed()
    await store.close({})
    const { bytes } = withSqlite(await home(fs), sql)
    const file = await fs.open(fileNames.home, { create: false })
    file.truncate(0)
    file.write(bytes, 0)
    return { fs, bytes }
  }
  const insert = ["INSERT INTO t VALUES (1000, 'outside')"]

  test('fail: it is said, and nothing of it is touched', async () => {
    const { fs, bytes } = await changedHome(insert)
    for (const onCorruption of ['fail', 'report', 'repair'] as const) {
      await expect(openOn(fs, { onCorruption })).rejects.toMatchObject({ code: 'HOME_CHANGED_OUTSIDE' })
    }
    expect(Buffer.compare(await home(fs), bytes)).toBe(0)
  })

  test('adopt: changed blocks get the next version, the others keep theirs', async () => {
    const { fs, bytes } = await changedHome(insert)
    const { store, report } = await openOn(fs, { homeChanged: 'adopt', timeMs: 77 })
    const count = bytes.length / 4096
    const changed = Array.from({ length: count }, (_, at) => at).filter(
      (at) => Buffer.compare(bytes.slice(at * 4096, at * 4096 + 4096), seed.slice(at * 4096, at * 4096 + 4096)) !== 0,
    )
    expect(changed.length).toBeGreaterThan(0)
    expect(changed.length).toBeLessThan(count)
    expect(report.homeAdopted).toEqual({
      blocksChanged: changed.length,
      sizeBlocksBefore: seed.length / 4096,
      sizeBlocksAfter: count,
    })
    expect(report.recoveredTxid).toBe(2)
    for (let at = 0; at < count; at++) {
      const owed = changed.includes(at)
        ? { version: 2, txid: 2, lastModifiedMs: 77 }
        : { version: 1, txid: 1, lastModifiedMs: 1 }
      expect(store.blockInfo(blockNo(at))).toMatchObject(owed)
    }
    await commit(store, { blocks: { [count]: 'more' } })
    store.abandon()
    const { store: next, report: after } = await openOn(fs)
    expect(after).toMatchObject({ homeAdopted: undefined, recoveredTxid: 3, damaged: [] })
    await next.close({})
  })

  test('adopt after it shrank: what is gone leaves tombstones', async () => {
    const { fs, bytes } = await changedHome(['DELETE FROM t', 'VACUUM'])
    expect(bytes.length).toBeLessThan(seed.length)
    const { store } = await openOn(fs, { homeChanged: 'adopt' })
    expect(store.sizeBlocks).toBe(bytes.length / 4096)
    expect(store.blockInfo(blockNo(seed.length / 4096 - 1))).toMatchObject({ isTombstone: true, version: 1 })
    await store.close({})
    expect(Buffer.compare(await home(fs), bytes)).toBe(0)
  })

  test('adopt refuses another page size', async () => {
    const { fs } = await changedHome(['PRAGMA page_size = 8192', 'VACUUM'])
    await expect(openOn(fs, { homeChanged: 'adopt' })).rejects.toMatchObject({
      code: 'HOME_CHANGED_OUTSIDE',
      details: { reason: 'page-size' },
    })
  })

  test('adopt refuses WAL mode', async () => {
    const { fs } = await changedHome(insert)
    await put(fs, fileNames.home, Uint8Array.of(2, 2), 18)
    await expect(openOn(fs, { homeChanged: 'adopt' })).rejects.toMatchObject({
      code: 'HOME_CHANGED_OUTSIDE',
      details: { reason: 'wal-mode' },
    })
  })

  test.each(['-journal', '-wal'])('adopt refuses while a %s with content lies beside it', async (suffix) => {
    const { fs } = await changedHome(insert)
    await put(fs, `${fileNames.home}${suffix}`, Uint8Array.of(1))
    await expect(openOn(fs, { homeChanged: 'adopt' })).rejects.toMatchObject({ details: { reason: 'journal' } })
    const file = await fs.open(`${fileNames.home}${suffix}`, { create: false })
    file.truncate(0)
    expect((await openOn(fs, { homeChanged: 'adopt' })).report.homeAdopted?.blocksChanged).toBeGreaterThan(0)
  })

  test('a reign that folded nothing and crashed leaves it plain: a change is still noticed', async () => {
    const { fs, store } = await storeOfSeed()
    await store.close({})
    const { store: idle } = await openOn(fs)
    idle.abandon()
    await put(fs, fileNames.home, withSqlite(await home(fs), insert).bytes)
    await expect(openOn(fs)).rejects.toMatchObject({ code: 'HOME_CHANGED_OUTSIDE' })
  })

  test('commits that only the log holds are not put on top of it', async () => {
    const { fs, store } = await storeOfSeed()
    await store.close({})
    const { store: busy } = await openOn(fs)
    await commit(busy, { blocks: { 1: 'only in the log' } })
    busy.abandon()
    await put(fs, fileNames.home, withSqlite(await home(fs), insert).bytes)
    await expect(openOn(fs, { homeChanged: 'adopt' })).rejects.toMatchObject({
      code: 'HOME_CHANGED_OUTSIDE',
      details: { hasUnfoldedCommits: true },
    })
  })
})
