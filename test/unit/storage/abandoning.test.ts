/**
 * An opening that ends while a step of the recovery runs: abandoned, aborted by its caller, or left by its place. At every call of the
 * medium: each file that was opened is closed once, nothing reaches the medium afterwards, and the next opening finds everything.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openAt } from '../../../src/open-at.ts'
import type { BlockStore } from '../../../src/storage/block-store.ts'
import type { FileSystem, StoreFile } from '../../../src/storage/file-system.ts'
import { recoverySession, runSession } from '../../../src/storage/recover.ts'
import type { StoreOptions } from '../../../src/storage/recovery-state.ts'
import { simPlace } from '../../api/sim-place.ts'
import { storeOptions } from '../../model/open-store.ts'
import { SimDisk } from '../../model/sim-disk.ts'
import type { DiskImage } from '../../model/sim-image.ts'
import { StoreWorld } from '../../model/store-world.ts'

/** A medium that tells each call when it has been made, those that take time while they are under way; and what is open. */
class WatchedFs implements FileSystem {
  readonly location = 'watched'
  readonly opened: string[] = []
  readonly closed: string[] = []
  calls = 0
  onCall: (no: number) => void = () => undefined
  readonly #fs: FileSystem

  constructor(fs: FileSystem) {
    this.#fs = fs
  }

  async list(): Promise<readonly string[]> {
    return this.#call(() => this.#fs.list())
  }

  async open(name: string, options: { readonly create: boolean }): Promise<StoreFile> {
    const file = await this.#call(() => this.#fs.open(name, options))
    this.opened.push(name)
    return {
      name,
      size: () => file.size(),
      read: (into, at) => this.#call(() => file.read(into, at)),
      write: (from, at) => this.#call(() => file.write(from, at)),
      truncate: (size) => this.#call(() => file.truncate(size)),
      flush: () => this.#call(() => file.flush()),
      flushAsync: () => this.#call(() => file.flushAsync()),
      close: () => {
        this.closed.push(name)
        file.close()
      },
    }
  }

  async flushNames(): Promise<void> {
    return this.#call(() => this.#fs.flushNames())
  }

  async remove(name: string): Promise<void> {
    return this.#call(() => this.#fs.remove(name))
  }

  #call<T>(run: () => T): T {
    this.calls++
    const result = run()
    this.onCall(this.calls)
    return result
  }
}

/** A store with records to redo, and one that does not exist yet. */
async function images(): Promise<readonly (readonly [string, DiskImage])[]> {
  const world = new StoreWorld(new SimDisk())
  await world.open()
  for (const step of ['two', 'checkpoint', 'one', 'free'] as const) await world.do(step)
  return [
    ['a store with records to redo', world.disk.image()],
    ['a store that is made', new Map()],
  ]
}

const options: StoreOptions = { ...storeOptions, verify: 'full' }

async function reopened(disk: SimDisk): Promise<BlockStore> {
  return (await runSession(recoverySession(disk, options), options)).store
}

const unhandled: unknown[] = []
const note = (error: unknown) => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(() => void process.off('unhandledRejection', note))

/** Unhandled rejections are told after the microtasks. */
async function expectNothingUnhandled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  expect(unhandled).toEqual([])
}

describe('abandoned during a step', () => {
  test('at any call of the medium: the step rejects, nothing more is done, and the next opening finds everything', async () => {
    for (const [name, image] of await images()) {
      const owed = (await reopened(new SimDisk(image))).positions.writtenTxid
      let abandonedCount = 0
      for (let nth = 1; ; nth++) {
        const disk = new SimDisk(image)
        const fs = new WatchedFs(disk)
        const session = recoverySession(fs, options)
        let callsAtEnd = Infinity
        fs.onCall = (no) => {
          if (no !== nth) return
          session.abandon()
          callsAtEnd = no
        }
        const outcome = await runSession(session, options).catch((error: unknown) => error)
        if (callsAtEnd === Infinity) break
        abandonedCount++
        expect(outcome, `${name}, call ${nth}`).toMatchObject({ code: 'DATABASE_CLOSED' })
        expect(fs.calls, `${name}, call ${nth}: calls afterwards`).toBe(callsAtEnd)
        expect([...fs.closed].sort(), `${name}, call ${nth}`).toEqual([...fs.opened].sort())
        session.abandon()
        expect(fs.closed.length).toBe(fs.opened.length)
        expect((await reopened(disk)).positions.writtenTxid, `${name}, call ${nth}`).toBe(owed)
      }
      expect(abandonedCount, name).toBeGreaterThan(20)
    }
    await expectNothingUnhandled()
  })

  test('after its end the files are the store’s', async () => {
    const session = recoverySession(new SimDisk(), options)
    const { store } = await runSession(session, options)
    session.abandon()
    await store.close({})
    await expectNothingUnhandled()
  })
})

describe('a database that is being opened', () => {
  /** Opens while something happens at the n-th call; says how it ended and what is left. */
  async function openDuring(image: DiskImage, nth: number, happen: (end: AbortController, disk: SimDisk) => void) {
    const disk = new SimDisk(image)
    const fs = new WatchedFs(disk)
    const end = new AbortController()
    let hasHappened = false
    fs.onCall = (no) => {
      if (no !== nth) return
      hasHappened = true
      happen(end, disk)
    }
    const opening = openAt(simPlace(fs), 'test', { signal: end.signal, recovery: { verify: 'full' } })
    const db = await opening.catch((error: unknown) => error as Error)
    fs.onCall = () => undefined
    return { db, disk, fs, hasHappened }
  }

  async function storeWithRows(): Promise<DiskImage> {
    const disk = new SimDisk()
    const db = await openAt(simPlace(disk), 'test', {})
    await db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)')
    const image = disk.image()
    await db.close()
    return image
  }

  async function expectRows(disk: SimDisk): Promise<void> {
    const db = await openAt(simPlace(disk), 'test', {})
    expect(await db.query('SELECT a FROM t')).toEqual([{ a: 1 }, { a: 2 }])
    await db.close()
  }

  test('and aborted at any call of the medium is open, or ABORTED with its files closed once', async () => {
    const image = await storeWithRows()
    let abortedCount = 0
    for (let nth = 1, isDone = false; !isDone; nth += 3) {
      const { db, disk, fs, hasHappened } = await openDuring(image, nth, (end) => end.abort())
      isDone = !hasHappened
      if (db instanceof Error) {
        expect(db).toMatchObject({ code: 'ABORTED' })
        abortedCount++
      } else await db.close()
      expect([...fs.closed].sort()).toEqual([...fs.opened].sort())
      await expectRows(disk)
    }
    expect(abortedCount).toBeGreaterThan(5)
    await expectNothingUnhandled()
  })

  test('on a place that fails for good at any call is open, or STORAGE_FAILED with its files closed once, and opens when it is back', async () => {
    const image = await storeWithRows()
    let failedCount = 0
    for (let nth = 1, isDone = false; !isDone; nth += 3) {
      const { db, disk, fs, hasHappened } = await openDuring(image, nth, (_, failing) =>
        failing.setFault({ nth: 1, isLasting: true, error: 'EIO' }),
      )
      isDone = !hasHappened
      disk.heal()
      if (db instanceof Error) {
        expect(db).toMatchObject({ code: 'STORAGE_FAILED' })
        failedCount++
      } else await db.close()
      expect([...fs.closed].sort()).toEqual([...fs.opened].sort())
      await expectRows(disk)
    }
    expect(failedCount).toBeGreaterThan(5)
    await expectNothingUnhandled()
  })
})
