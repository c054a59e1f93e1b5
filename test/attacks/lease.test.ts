/** Who may open a database in Node, and what happens to files that are moved, replaced or mixed up meanwhile. */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { execFileSync } from 'node:child_process'
import type * as native from 'fs-native-extensions'
import { describe, expect, test, vi } from 'vitest'
import { acquireLease } from '../../src/effects/lease.ts'
import { destroy } from '../../src/index.ts'
import { codeOf, openIn, temporaryBase } from '../api/harness.ts'
import { thrownBy } from '../unit/vfs/fixture.ts'
import { column } from './world.ts'

const LOCK_AT = 2 ** 40

/** Run by a process or a thread of its own: says whether the byte can be locked. */
const tryLockCode = (file: string) => `
  const { openSync } = require('node:fs')
  const { tryLock } = require('fs-native-extensions')
  const isLocked = tryLock(openSync(${JSON.stringify(file)}, 'r+'), ${LOCK_AT}, 1)
  try { require('node:worker_threads').parentPort.postMessage(isLocked) } catch { console.log(isLocked) }
`

const beforeLock = vi.hoisted((): { run: () => void } => ({ run: () => undefined }))

/** The system's lock, with something happening just before it. */
vi.mock('fs-native-extensions', async (importOriginal) => {
  const original = await importOriginal<typeof native>()
  const tryLock: typeof original.tryLock = (...args) => {
    beforeLock.run()
    return original.tryLock(...args)
  }
  return { ...original, tryLock }
})

describe('attack-23', () => {
  test('attack-23 a second descriptor, thread or process does not get the lease of a holder that lives', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    const file = path.join(base, 'test/lease')
    // The holder is named by the lease alone; the lock on the home would refuse as well, without a name.
    const second = thrownBy(() => acquireLease(path.join(base, 'test')))
    expect(second).toMatchObject({ code: 'STORE_LOCKED', details: { pid: process.pid } })
    const worker = new Worker(tryLockCode(file), { eval: true })
    expect(await new Promise((resolve) => worker.once('message', resolve))).toBe(false)
    const output = execFileSync(process.execPath, ['-e', tryLockCode(file)], { encoding: 'utf8' })
    expect(output.trim()).toBe('false')
    await db.close()
    await acquireLease(path.join(base, 'test')).release()
  })

  test('attack-23 a lease that was replaced between opening and locking it is not held', async () => {
    const base = await temporaryBase()
    const file = path.join(base, 'lease')
    let replaced = 0
    beforeLock.run = () => {
      if (replaced++ > 0) return
      closeSync(openSync(`${file}.new`, 'w'))
      execFileSync('mv', [`${file}.new`, file])
    }
    expect(thrownBy(() => acquireLease(base))).toMatchObject({ code: 'STORE_LOCKED' })
    expect(replaced).toBe(1)
    beforeLock.run = () => undefined
    await acquireLease(base).release()
  })

  test('attack-23 a lease that somebody unlinks makes no two writers', async () => {
    const base = await temporaryBase()
    const first = await openIn(base)
    await first.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    await unlink(path.join(base, 'test/lease'))
    const second = await openIn(base).then(
      () => 'open',
      () => 'refused',
    )
    expect(second).toBe('refused')
    await first.exec('INSERT INTO t VALUES (1)')
    expect(await column(first, 'SELECT a FROM t')).toEqual([1])
    await first.close()
    expect(await column(await openIn(base), 'SELECT a FROM t')).toEqual([1])
  })

  test('attack-23 the lease is the same file before and after destroy, which is refused while it is held', async () => {
    const base = await temporaryBase()
    const storage = { kind: 'fs', base } as const
    const db = await openIn(base)
    const lease = openSync(path.join(base, 'test/lease'), 'r')
    expect(await codeOf(destroy('test', { storage }))).toBe('STORE_LOCKED')
    await db.close()
    await destroy('test', { storage })
    await (await openIn(base)).exec('CREATE TABLE t (a)')
    // The number of the file may be given to another one; whether the file still has its name cannot be feigned.
    expect(fstatSync(lease).nlink).toBe(1)
    closeSync(lease)
  })

  test('attack-23 a database whose directory is moved away writes nothing into the one that takes its place', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    await rename(path.join(base, 'test'), path.join(base, 'moved'))
    await mkdir(path.join(base, 'test'))
    await db.exec('INSERT INTO t VALUES (1)').catch(() => undefined)
    await db.checkpoint().catch(() => undefined)
    await db.close().catch(() => undefined)
    expect(await readdir(path.join(base, 'test'))).toEqual([])
    await rm(path.join(base, 'test'), { recursive: true })
    await rename(path.join(base, 'moved'), path.join(base, 'test'))
    expect(await column(await openIn(base), 'SELECT a FROM t')).toEqual([1])
  })

  test('attack-23 a file of another database is never taken for one of this', async () => {
    const [base, otherBase] = [await temporaryBase(), await temporaryBase()]
    for (const [at, text] of [
      [base, 'ours'],
      [otherBase, 'theirs'],
    ] as const) {
      const db = await openIn(at)
      await db.exec('CREATE TABLE t (text)')
      await db.exec('INSERT INTO t VALUES (?)', [text])
      // What a killed process leaves: the copy is taken while the database is open.
      await cp(path.join(at, 'test'), path.join(at, 'killed'), { recursive: true })
      await db.close()
      await rm(path.join(at, 'test'), { recursive: true })
      await rename(path.join(at, 'killed'), path.join(at, 'test'))
    }
    for (const name of ['log-0', 'log-1', 'log-2', 'blocks.meta']) {
      const own = path.join(base, 'test', name)
      await cp(own, `${own}.own`)
      await cp(path.join(otherBase, 'test', name), own)
      const outcome = await openIn(base).then(
        async (db) => {
          const texts = await column(db, 'SELECT text FROM t')
          await db.close()
          return texts.join()
        },
        (error: unknown) => (error as { code: string }).code,
      )
      expect(['ours', 'LOG_CORRUPT', 'TABLE_CORRUPT']).toContain(outcome)
      await rename(`${own}.own`, own)
    }
  })

  test('attack-23 the text of a lease is a hint only: torn or foreign, the database opens', async () => {
    const base = await temporaryBase()
    const db = await openIn(base)
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    await db.close()
    for (const text of ['{"pid":1,"epo', 'somebody else', '{"epoch":"nine"}', '\0\0\0']) {
      await writeFile(path.join(base, 'test/lease'), text)
      const again = await openIn(base)
      await again.exec('INSERT INTO t DEFAULT VALUES')
      const second = thrownBy(() => acquireLease(path.join(base, 'test')))
      expect(second).toMatchObject({ code: 'STORE_LOCKED', details: { pid: process.pid } })
      await again.close()
    }
  })
})
