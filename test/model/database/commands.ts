/**
 * The whole database against an oracle: SQL through the public API on a simulated disk, crashes in between, and after each of them the
 * contents are those of exactly one commit, no earlier than what was promised.
 */
import type * as fc from 'fast-check'
import { expect } from 'vitest'
import { type Database, type Durability, isDatabaseError } from '../../../src/index.ts'
import { openAt } from '../../../src/open-at.ts'
import { simPlace } from '../../api/sim-place.ts'
import { chooseFates, imageAfter } from '../crash-images.ts'
import { homesOf } from '../plain-home.ts'
import { SimDisk } from '../sim-disk.ts'
import { type DiskImage, hashOfBytes } from '../sim-image.ts'

/** Text by id: what the table holds. */
type Contents = ReadonlyMap<number, string>

export interface Oracle {
  /** Contents after each transaction of this line of history. */
  states: Map<number, Contents>
  sealedTxid: number
  /** Survives a killed process, and power loss. */
  writtenTxid: number
  durableTxid: number
  crashes: number
}

export interface World {
  disk: SimDisk
  db: Database
}

/** Only what is asked for flushes: the oracle knows when. */
const options = {
  syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 3_600_000 },
  recovery: { verify: 'full' },
} as const

export const newOracle = (): Oracle => ({
  states: new Map([[0, new Map()]]),
  sealedTxid: 0,
  writtenTxid: 0,
  durableTxid: 0,
  crashes: 0,
})

export async function newWorld(oracle: Oracle): Promise<World> {
  const disk = new SimDisk()
  const db = await openAt(simPlace(disk), 'test', options)
  const { receipt } = await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
  sealed(oracle, receipt.txid, new Map(), 'strict')
  return { disk, db }
}

export type Command = fc.AsyncCommand<Oracle, World>

const now = ({ states, sealedTxid }: Oracle): Contents => states.get(sealedTxid) ?? new Map()

function sealed(oracle: Oracle, txid: number, contents: Contents, level: Durability): void {
  oracle.states.set(txid, contents)
  oracle.sealedTxid = txid
  if (level !== 'deferred') oracle.writtenTxid = txid
  if (level === 'strict') oracle.durableTxid = txid
}

const text = (id: number, length: number) => `${id}:`.padEnd(length, 'abcdefgh')

const command = (name: string, run: Command['run']): Command => ({ check: () => true, run, toString: () => name })

export const write = (ids: readonly number[], length: number, level: Durability): Command =>
  command(`write(${level}, ${length} × [${ids.join()}])`, async (oracle, { db }) => {
    const contents = new Map(now(oracle))
    const statements = ids.map((id) => ({
      sql: 'INSERT OR REPLACE INTO t VALUES (?, ?)',
      params: [id, text(id, length)],
    }))
    const [result] = await db.batch(statements, { durability: level })
    for (const id of ids) contents.set(id, text(id, length))
    if (result !== undefined && result.receipt.txid > oracle.sealedTxid)
      sealed(oracle, result.receipt.txid, contents, level)
  })

export const rollback = (length: number): Command =>
  command(`rollback(${length})`, async (oracle, { db }) => {
    const work = db.transaction(async (tx) => {
      await tx.exec('DELETE FROM t')
      await tx.exec('INSERT INTO t VALUES (99, ?)', [text(99, length)])
      throw new Error('mine')
    })
    await expect(work).rejects.toThrow('mine')
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
  oracle.writtenTxid = oracle.durableTxid = oracle.sealedTxid
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
  oracle.crashes += 1
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
    oracle.crashes += 1
    await recover(oracle, world, { image, atLeast: oracle.durableTxid })
  })

async function die({ disk, db }: World): Promise<void> {
  disk.powerOff()
  await db.close().catch((error: unknown) => {
    if (!isDatabaseError(error)) throw error
  })
}

async function recover(
  oracle: Oracle,
  world: World,
  { image, atLeast }: { readonly image: DiskImage; readonly atLeast: number },
): Promise<void> {
  world.disk = new SimDisk(image)
  world.db = await openAt(simPlace(world.disk), 'test', options)
  const { recoveredTxid } = world.db.recoveryReport
  expect(recoveredTxid, 'D1: nothing that was promised is lost').toBeGreaterThanOrEqual(atLeast)
  expect(recoveredTxid, 'A3: nothing is there that was not sealed').toBeLessThanOrEqual(oracle.sealedTxid)
  oracle.sealedTxid = oracle.writtenTxid = oracle.durableTxid = recoveredTxid
  await expectContents(world.db, now(oracle))
  expect(await world.db.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
}

async function expectContents(db: Database, contents: Contents): Promise<void> {
  const rows = await db.query<readonly [number, string]>('SELECT id, text FROM t ORDER BY id', [], { rowMode: 'array' })
  expect(rows, 'A1: the contents are those of one commit').toEqual([...contents].sort(([a], [b]) => a - b))
}
