/**
 * The n-th read of the store or write of the overlay fails, for every n of a script, once and from then on.
 * Whatever is reported as done is there after a reopening, whatever is reported as failed is not, and the file is sound.
 */
import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../../src/errors.ts'
import { View } from '../../../src/storage/view.ts'
import type { BlockNo } from '../../../src/units.ts'
import { type Fixture, openFixture, reopen } from './fixture.ts'
import { MemoryBlockStore } from './memory-block-store.ts'

/** Each unit happens or does not. A unit with `begin` is one transaction. */
const units: readonly { readonly begin?: true; readonly sql: readonly string[] }[] = [
  { sql: ['INSERT INTO t SELECT a + 100, b FROM t'] },
  { sql: ["UPDATE t SET b = b || 'x' WHERE a % 3 = 0"] },
  {
    begin: true,
    sql: [
      'DELETE FROM t WHERE a % 5 = 0',
      'SAVEPOINT s',
      "UPDATE t SET b = 'gone'",
      'ROLLBACK TO s',
      'INSERT INTO t VALUES(1000, 1)',
    ],
  },
  { sql: ['CREATE INDEX i ON t(b)'] },
  { begin: true, sql: ["UPDATE t SET b = b || 'y'", 'SELECT sum(length(b)) FROM t'] },
  { sql: ['DELETE FROM t WHERE a > 60'] },
  { sql: ['VACUUM'] },
]

class FailingView extends View {
  writeCount = 0
  failAt: { readonly call: number; readonly isLasting: boolean } | undefined
  faultCount = 0

  override write(at: BlockNo, bytes: Uint8Array): void {
    this.writeCount++
    const fault = this.failAt
    if (fault !== undefined && (this.writeCount === fault.call || (this.writeCount > fault.call && fault.isLasting))) {
      this.faultCount++
      throw this.writeCount % 2 === 0
        ? new DatabaseError('TRANSACTION_TOO_LARGE', 'made to fail')
        : new RangeError('made to fail')
    }
    super.write(at, bytes)
  }
}

interface World {
  readonly db: Fixture
  readonly view: FailingView
  readonly store: MemoryBlockStore
}

async function openWorld(): Promise<World> {
  const store = new MemoryBlockStore()
  const view = new FailingView(store, { transactionBytesMax: 1e9 })
  const db = await openFixture({ store, view, pragmas: { cacheSize: 10 } })
  db.run('CREATE TABLE t(a INTEGER PRIMARY KEY, b)')
  db.run(
    "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<100) INSERT INTO t SELECT i, printf('%0900d', i) FROM n",
  )
  db.flush()
  return { db, view, store }
}

const content = (db: Fixture) =>
  JSON.stringify([db.all('SELECT a, b FROM t ORDER BY a'), db.all('SELECT name FROM sqlite_schema')])

/** Returns the error, if there is one. The transaction is over either way. */
function runUnit({ db }: World, unit: (typeof units)[number]): unknown {
  try {
    if (unit.begin === true) db.engine.begin()
    for (const sql of unit.sql) db.run(sql)
    if (unit.begin === true) db.engine.commit()
    return undefined
  } catch (error) {
    db.engine.rollback()
    return error
  }
}

/** Content after 0, 1, … units, and how many reads and writes all of them take. */
async function reference() {
  const world = await openWorld()
  const { store, view } = world
  store.callCount = view.writeCount = 0
  const states = [content(world.db)]
  store.callCount = view.writeCount = 0
  for (const unit of units) {
    expect(runUnit(world, unit)).toBeUndefined()
    const { callCount, writeCount } = { callCount: store.callCount, writeCount: view.writeCount }
    world.db.flush()
    states.push(content(world.db))
    store.callCount = callCount
    view.writeCount = writeCount
  }
  return { states, readCount: store.callCount, writeCount: view.writeCount }
}

async function expectState(world: World, expected: string | undefined) {
  world.store.failAt = world.view.failAt = undefined
  expect(world.view.hasOverlay).toBe(false)
  expect(content(world.db)).toBe(expected)
  world.db.flush()
  const again = await reopen(world.store)
  expect(content(again)).toBe(expected)
  expect(again.all('PRAGMA integrity_check')).toEqual([['ok']])
}

async function runWithFault(
  where: 'store' | 'view',
  fault: { readonly call: number; readonly isLasting: boolean },
  states: readonly string[],
) {
  const world = await openWorld()
  const faulty = world[where]
  content(world.db)
  world.store.callCount = world.view.writeCount = 0
  faulty.failAt = fault
  for (const [index, unit] of units.entries()) {
    const error = runUnit(world, unit)
    const { callCount, writeCount } = { callCount: world.store.callCount, writeCount: world.view.writeCount }
    if (error !== undefined) {
      expect(error).toMatchObject({ code: where === 'store' ? 'STORAGE_FAILED' : 'TRANSACTION_TOO_LARGE' })
      expect(error).toHaveProperty('cause')
      expect(world.db.engine.isPoisoned).toBe(false)
      await expectState(world, states[index])
      expect(faulty.faultCount).toBeGreaterThan(0)
      if (fault.isLasting) return
      expect(runUnit(world, unit)).toBeUndefined()
    } else if (fault.isLasting && faulty.faultCount > 0) throw new Error('a fault was not reported')
    faulty.failAt = undefined
    world.db.flush()
    expect(content(world.db)).toBe(states[index + 1])
    faulty.failAt = faulty.faultCount === 0 ? fault : undefined
    world.store.callCount = callCount
    world.view.writeCount = writeCount
  }
  expect(faulty.faultCount).toBe(1)
  await expectState(world, states.at(-1))
}

describe.each([
  ['store', 'once', false],
  ['store', 'from then on', true],
  ['view', 'once', false],
  ['view', 'from then on', true],
] as const)('faults of the %s, %s', (where, _, isLasting) => {
  test('are reported, and what is reported holds', async () => {
    const { states, readCount, writeCount } = await reference()
    const count = where === 'store' ? readCount : writeCount
    expect(count).toBeGreaterThan(100)
    // A stride without a common divisor with the script's rhythm; `DATASYNC_EVERY_FAULT=1` takes them all.
    const stride = process.env['DATASYNC_EVERY_FAULT'] === '1' ? 1 : Math.ceil(count / 30)
    for (let call = 1; call <= count; call += stride) await runWithFault(where, { call, isLasting }, states)
  }, 600_000)
})
