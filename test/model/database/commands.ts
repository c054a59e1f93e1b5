/**
 * The whole database against an oracle: SQL through the public API on a simulated disk, crashes in between, and after each of them the
 * contents are those of exactly one commit, no earlier than what was promised. SQLite's cache is small, so that transactions spill.
 */
import type * as fc from 'fast-check'
import { expect } from 'vitest'
import { type Database, type Durability, isDatabaseError } from '../../../src/index.ts'
import { simPlace } from '../../api/sim-place.ts'
import { chooseFates, imageAfter } from '../crash-images.ts'
import { homesOf } from '../plain-home.ts'
import { SimDisk } from '../sim-disk.ts'
import { type DiskImage, hashOfBytes } from '../sim-image.ts'
import { openCounted } from './counted-spills.ts'

/** Text by id: what the table holds. */
type Contents = ReadonlyMap<number, string>

export interface Oracle {
  /** Contents after each transaction of this line of history. */
  states: Map<number, Contents>
  sealedTxid: number
  /** Survives a killed process, and power loss. */
  writtenTxid: number
  durableTxid: number
  /** The record that was appended last, or a header, says of everything up to here that it is durable. */
  vouchedTxid: number
}

/** What happened how often, so that a test can tell that it did. */
export const newTally = () => ({
  runs: 0,
  crashes: 0,
  transactions: 0,
  spilledCommits: 0,
  spilledRollbacks: 0,
  flipsDetected: 0,
  flipsHarmless: 0,
})

export interface World {
  disk: SimDisk
  db: Database
  /** Pages that SQLite has spilled since the database was opened. */
  spills: () => number
  readonly tally: ReturnType<typeof newTally>
}

/** Only what is asked for flushes: the oracle knows when. */
export const options = {
  syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 3_600_000 },
  recovery: { verify: 'full' },
  pragmas: { cacheSize: 10 },
} as const

export const newOracle = (): Oracle => ({
  states: new Map([[0, new Map()]]),
  sealedTxid: 0,
  writtenTxid: 0,
  durableTxid: 0,
  vouchedTxid: 0,
})

export async function newWorld(oracle: Oracle, tally: World['tally']): Promise<World> {
  const disk = new SimDisk()
  const counted = await openCounted(simPlace(disk), options)
  const { receipt } = await counted.db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
  sealed(oracle, receipt.txid, new Map(), 'strict')
  return { disk, tally, ...counted }
}

export type Command = fc.AsyncCommand<Oracle, World>

const now = ({ states, sealedTxid }: Oracle): Contents => states.get(sealedTxid) ?? new Map()

function sealed(oracle: Oracle, txid: number, contents: Contents, level: Durability): void {
  oracle.states.set(txid, contents)
  oracle.sealedTxid = txid
  if (level === 'deferred') return
  oracle.vouchedTxid = oracle.durableTxid
  oracle.writtenTxid = txid
  if (level === 'strict') oracle.durableTxid = txid
}

const text = (id: number, length: number) => `${id}:`.padEnd(length, 'abcdefgh')

export const command = (name: string, run: Command['run']): Command => ({
  check: () => true,
  run,
  toString: () => name,
})

export const write = (ids: readonly number[], length: number, level: Durability): Command =>
  command(`write(${level}, ${length} × [${ids.join()}])`, async (oracle, { db, spills, tally }) => {
    const contents = new Map(now(oracle))
    const statements = ids.map((id) => ({
      sql: 'INSERT OR REPLACE INTO t VALUES (?, ?)',
      params: [id, text(id, length)],
    }))
    const before = spills()
    const [result] = await db.batch(statements, { durability: level })
    if (spills() > before) tally.spilledCommits += 1
    for (const id of ids) contents.set(id, text(id, length))
    if (result !== undefined && result.receipt.txid > oracle.sealedTxid)
      sealed(oracle, result.receipt.txid, contents, level)
  })

export const rollback = (length: number): Command =>
  command(`rollback(${length})`, async (oracle, { db, spills, tally }) => {
    const before = spills()
    const work = db.transaction(async (tx) => {
      await tx.exec('DELETE FROM t')
      for (const id of [97, 98, 99]) await tx.exec('INSERT INTO t VALUES (?, ?)', [id, text(id, length)])
      throw new Error('mine')
    })
    await expect(work).rejects.toThrow('mine')
    if (spills() > before) tally.spilledRollbacks += 1
    await expectContents(db, now(oracle))
  })

export const remove = (below: number): Command =>
  command(`remove(below ${below})`, async (oracle, { db }) => {
    const { receipt } = await db.exec('DELETE FROM t WHERE id < ?', [below])
    const contents = new Map([...now(oracle)].filter(([id]) => id >= below))
    if (receipt.txid > oracle.sealedTxid) sealed(oracle, receipt.txid, contents, 'strict')
  })

export const vacuum: Command = command('vacuum', async (oracle, { db }) => {
  const { receipt } = await db.exec('VACUUM')
  if (receipt.txid > oracle.sealedTxid) sealed(oracle, receipt.txid, now(oracle), 'strict')
})

export const checkpoint: Command = command('checkpoint', async (oracle, { db }) => {
  await db.checkpoint()
  oracle.writtenTxid = oracle.durableTxid = oracle.vouchedTxid = oracle.sealedTxid
})

export const reopen: Command = command('reopen', async (oracle, world) => {
  const owed = new Uint8Array(await new Response(world.db.export()).arrayBuffer())
  await world.db.close()
  for (const home of homesOf(world.disk)) expect(hashOfBytes(home), 'the home is the database').toBe(hashOfBytes(owed))
  await recover(oracle, world, { image: world.disk.image(), atLeast: oracle.sealedTxid })
})

/** The process dies: all that was handed over stays. */
export const kill: Command = command('kill', async (oracle, world) => {
  const image = world.disk.image()
  await die(world)
  world.tally.crashes += 1
  await recover(oracle, world, { image, atLeast: oracle.writtenTxid })
})

/** The power fails: each write that is behind no barrier has a fate of its own. */
export const powerLoss = (seed: readonly number[]): Command =>
  command(`powerLoss(${seed.join()})`, async (oracle, world) => {
    let next = 0
    const choices = { choose: (bound: number) => (seed[next++ % seed.length] ?? 0) % bound }
    const point = world.disk.crashPoint()
    const image = imageAfter(point, chooseFates(point, { damagedMax: 3, crossedMax: 12 }, choices))
    await die(world)
    world.tally.crashes += 1
    await recover(oracle, world, { image, atLeast: oracle.durableTxid })
  })

export async function die({ disk, db }: Pick<World, 'disk' | 'db'>): Promise<void> {
  disk.powerOff()
  await db.close().catch((error: unknown) => {
    if (!isDatabaseError(error)) throw error
  })
}

export async function recover(
  oracle: Oracle,
  world: World,
  { image, atLeast }: { readonly image: DiskImage; readonly atLeast: number },
): Promise<void> {
  const disk = new SimDisk(image)
  Object.assign(world, { disk }, await openCounted(simPlace(disk), options))
  await expectOneCommit(oracle, world.db, { atLeast })
  expect(await integrityOf(world.db)).toBe('ok')
  const { recoveredTxid } = world.db.recoveryReport
  oracle.sealedTxid = oracle.writtenTxid = oracle.durableTxid = oracle.vouchedTxid = recoveredTxid
}

/** What was recovered is what one commit left, no earlier than `atLeast`. */
export async function expectOneCommit(
  oracle: Oracle,
  db: Database,
  { atLeast }: { readonly atLeast: number },
): Promise<void> {
  const { recoveredTxid } = db.recoveryReport
  expect(recoveredTxid, 'D1: nothing that was promised is lost').toBeGreaterThanOrEqual(atLeast)
  expect(recoveredTxid, 'A3: nothing is there that was not sealed').toBeLessThanOrEqual(oracle.sealedTxid)
  if (recoveredTxid === 0) expect(await db.query('SELECT name FROM sqlite_schema')).toEqual([])
  else await expectContents(db, oracle.states.get(recoveredTxid) ?? new Map())
}

/** 'ok', or what SQLite finds wrong. */
export async function integrityOf(db: Database): Promise<string> {
  const rows = await db.query<readonly [string]>('PRAGMA integrity_check', [], { rowMode: 'array' })
  return rows.join('\n')
}

async function expectContents(db: Database, contents: Contents): Promise<void> {
  const rows = await db.query<readonly [number, string]>('SELECT id, text FROM t ORDER BY id', [], { rowMode: 'array' })
  expect(rows, 'A1: the contents are those of one commit').toEqual([...contents].sort(([a], [b]) => a - b))
}
