/** Databases whose medium misbehaves, and what is left of a medium after an accident. */
import { onTestFinished } from 'vitest'
import type { Clock } from '../../src/effects/ports.ts'
import type { Database, OpenOptions } from '../../src/index.ts'
import { openAt } from '../../src/open-at.ts'
import type { FileSystem, StoreFile } from '../../src/storage/file-system.ts'
import { simPlace } from '../api/sim-place.ts'
import { imageAfter } from '../model/crash-images.ts'
import { SimDisk } from '../model/sim-disk.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'

/** Nothing is flushed until somebody asks for it. */
export const unhurried = {
  syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000, maxDirtyBlocks: 0, maxDirtyBytes: 0 },
} as const

/** A file system whose files do some things in another way. */
export const withFiles = (fs: FileSystem, change: (file: StoreFile) => Partial<StoreFile>): FileSystem => ({
  location: fs.location,
  list: () => fs.list(),
  open: async (name, options) => {
    const file = await fs.open(name, options)
    return { ...file, ...change(file) }
  },
  flushNames: () => fs.flushNames(),
  remove: (name) => fs.remove(name),
})

/** Open until the test ends; a database that cannot be closed cleanly by then is no failure of the test. */
export async function openOver(fs: FileSystem, options: OpenOptions = {}, clock?: Clock): Promise<Database> {
  const db = await openAt(simPlace(fs), 'test', options, clock)
  onTestFinished(() =>
    during(
      db.close().catch(() => undefined),
      clock,
    ),
  )
  return db
}

/** A database with a table of one column, and its disk. */
export async function openTable(options: OpenOptions = {}): Promise<{ disk: SimDisk; db: Database }> {
  const disk = new SimDisk()
  const db = await openOver(disk, options)
  await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
  return { disk, db }
}

/** Waits for the work while manual time goes on. */
export async function during<T>(work: Promise<T>, clock?: Clock): Promise<T> {
  const state = { isDone: false }
  const done = work.finally(() => {
    state.isDone = true
  })
  while (!state.isDone) {
    if (clock instanceof ManualClock) clock.advance(1)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return done
}

/** The process was killed: the system keeps what it was handed. */
export const afterKill = (disk: SimDisk): SimDisk => new SimDisk(disk.image())

/** The power failed, and nothing that no barrier covers was written. */
export function afterPowerLoss(disk: SimDisk): SimDisk {
  const point = disk.crashPoint()
  return new SimDisk(
    imageAfter(
      point,
      point.ops.map(({ certainty }) => (certainty === 'sure' ? 'kept' : 'dropped')),
    ),
  )
}

/** The first column of a query's rows. */
export const column = async (db: Database, sql: string): Promise<unknown[]> =>
  (await db.query<readonly unknown[] & Record<string, never>>(sql, [], { rowMode: 'array' })).flat()

export const isSound = async (db: Database): Promise<boolean> =>
  (await column(db, 'PRAGMA integrity_check')).join() === 'ok'

export const barriersOf = (disk: SimDisk): number => disk.trace.filter(({ kind }) => kind === 'flush').length

/** Something to wait for until the test lets it happen. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** Manual time goes on, and what it starts runs. */
export async function turns(clock: ManualClock, ms: number): Promise<void> {
  clock.advance(ms)
  for (let turn = 0; turn < 200; turn++) {
    clock.advance(0)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
