/** Scripts run twice: with repeats, and without. */
import { expect } from 'vitest'
import { DatabaseError } from '../../../src/errors.ts'
import { limits } from '../../../src/limits.ts'
import { blockNo } from '../../../src/units.ts'
import { Repeats } from '../../../src/vfs/repeats.ts'
import { type Fixture, openFixture } from './fixture.ts'

const settings = { resultBytesMax: limits.resultBytesMax }

/** Every row with the types of its values, and every byte. */
function contents(db: Fixture): unknown {
  const names = (sql: string) => db.all(sql).map((row) => String(Object.values(row)[0]))
  const rows = names("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").map((table) => {
    const columns = names(`SELECT name FROM pragma_table_info('${table}')`)
    return db.all(`SELECT rowid, ${columns.map((column) => `"${column}", typeof("${column}")`).join()} FROM "${table}"`)
  })
  const block = new Uint8Array(db.view.blockSize)
  const bytes = Array.from({ length: db.view.sizeBlocks }, (_, at) => {
    db.view.read(blockNo(at), block)
    return Buffer.from(block).toString('base64')
  })
  return { rows, bytes }
}

function outcome(db: Fixture, script: string): unknown {
  try {
    return db.engine.run(script, undefined, { rowMode: 'none', ...settings })
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    const { code, message, sqliteCode, details } = error
    return { code, message, sqliteCode, details }
  }
}

/** As if nothing were known. */
function plainly<T>(work: () => T): T {
  const { take } = Repeats.prototype
  Repeats.prototype.take = () => undefined
  try {
    return work()
  } finally {
    Repeats.prototype.take = take
  }
}

/**
 * Runs the statements as one script with what is taken for a repeat, and with each prepared as it stands; both must come to the same
 * results, the same errors and the same bytes. Returns how many were taken for another.
 */
export async function compare(setup: string, statements: readonly string[]): Promise<number> {
  let taken = 0
  const [first, second] = [await openFixture(), await openFixture()]
  for (const db of [first, second]) db.run(setup)
  const script = statements.join('')
  const { take } = Repeats.prototype
  Repeats.prototype.take = function (at) {
    const repeat = take.call(this, at)
    if (repeat !== undefined) taken++
    return repeat
  }
  try {
    expect(outcome(first, script)).toEqual(plainly(() => outcome(second, script)))
  } finally {
    Repeats.prototype.take = take
  }
  expect(contents(first)).toEqual(contents(second))
  first.engine.close()
  second.engine.close()
  return taken
}
