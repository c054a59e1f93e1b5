/** Values go in and come out the same, or are refused; parameters find their statement or the request does nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDatabaseError } from '../../../src/errors.ts'
import type { SqlParam, SqlParams, SqlValue } from '../../../src/sql.ts'
import { type Fixture, openFixture, thrownBy } from './fixture.ts'

const value: fc.Arbitrary<SqlValue> = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'binary-ascii', maxLength: 60 }),
  fc.string({ unit: 'grapheme', minLength: 20_000, maxLength: 40_000, size: 'max' }),
  fc.uint8Array({ maxLength: 200 }),
)

/** As SQLite keeps it: small bigints are numbers, −0 is the integer 0. */
function kept(given: SqlValue): SqlValue {
  if (typeof given === 'bigint') return Number.isSafeInteger(Number(given)) ? Number(given) : given
  return given === 0 ? 0 : given
}

test('values come back the same through a statement, a table and the store', async () => {
  const db = await openFixture()
  db.run('CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)')
  let id = 0
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(db.all('SELECT ?, ?', [a, b])).toEqual([[kept(a), kept(b)]])
      expect(db.run('INSERT INTO t VALUES(?, ?, ?)', [++id, a, b])).toMatchObject({
        rowsAffected: 1,
        lastInsertRowid: id,
      })
      expect(db.all('SELECT a, b FROM t WHERE id = :id', { id })).toEqual([[kept(a), kept(b)]])
    }),
    { numRuns: 300 },
  )
})

test.each<[SqlValue, SqlValue, string]>([
  [2 ** 53 - 1, 2 ** 53 - 1, 'integer'],
  [-(2 ** 53) + 1, -(2 ** 53) + 1, 'integer'],
  [2 ** 53, 2 ** 53, 'real'],
  [2n ** 53n, 2n ** 53n, 'integer'],
  [-(2n ** 53n), -(2n ** 53n), 'integer'],
  [2n ** 63n - 1n, 2n ** 63n - 1n, 'integer'],
  [-(2n ** 63n), -(2n ** 63n), 'integer'],
  [2 ** 31, 2 ** 31, 'integer'],
  [-(2 ** 31) - 1, -(2 ** 31) - 1, 'integer'],
  [Infinity, Infinity, 'real'],
  [-Infinity, -Infinity, 'real'],
  [0.1, 0.1, 'real'],
  ['', '', 'text'],
  ['a\0b\0', 'a\0b\0', 'text'],
  ['\uFEFFbom', '\uFEFFbom', 'text'],
  ['\ud800', '\ufffd', 'text'],
  ['ä'.repeat(48), 'ä'.repeat(48), 'text'],
  [new Uint8Array(), new Uint8Array(), 'blob'],
  [new Uint8Array([0, 255]), new Uint8Array([0, 255]), 'blob'],
])('the boundary value %s', async (given, back, type) => {
  const db = await openFixture()
  expect(db.all('SELECT ?1, typeof(?1)', [given])).toEqual([[back, type]])
})

test('a blob of megabytes', async () => {
  const db = await openFixture()
  const given = new Uint8Array(3_000_000).map((_, at) => at % 251)
  const [row] = db.all('SELECT ?', [given]) as [Uint8Array][]
  expect(Buffer.compare(row?.[0] ?? new Uint8Array(), given)).toBe(0)
})

test.each<[string, string]>([
  ['ASCII', 'a'.repeat(40_000)],
  ['ASCII but for its end', `${'a'.repeat(40_000)}€`],
  ['anything', '€ä😀\ud800'.repeat(20_000)],
])('a long text of %s, as a parameter and in SQL', async (_, text) => {
  const db = await openFixture()
  const kept = text.replaceAll(/\ud800(?![\udc00-\udfff])/g, '\ufffd')
  expect(db.all('SELECT ?', [text])).toEqual([[kept]])
  expect(db.all(`SELECT '${text}'`)).toEqual([[kept]])
})

test('booleans are 0 and 1', async () => {
  const db = await openFixture()
  expect(db.all('SELECT ?, ?', [true, false])).toEqual([[1, 0]])
})

test('blobs are copies on the way in and on the way out', async () => {
  const db = await openFixture()
  const given = new Uint8Array([1, 2, 3])
  db.run('CREATE TABLE t(a)')
  db.run('INSERT INTO t VALUES(?)', [given])
  given.fill(9)
  const first = db.all('SELECT a FROM t') as [Uint8Array][]
  first[0]?.[0].fill(8)
  expect(db.all('SELECT a FROM t')).toEqual([[new Uint8Array([1, 2, 3])]])
})

test.each<[unknown, RegExp]>([
  [NaN, /NaN.*null/],
  [undefined, /undefined.*null/],
  [new Date(0), /Date.*getTime/],
  [{ a: 1 }, /object.*JSON/],
  [[1], /array.*JSON/],
  [new ArrayBuffer(2), /ArrayBuffer.*Uint8Array/],
  [new Float64Array(1), /typed array.*Uint8Array/],
  [2n ** 63n, /bigint/],
  [-(2n ** 63n) - 1n, /bigint/],
  [Symbol('s'), /symbol/],
  [() => 1, /function/],
])('%s is refused, and the message says what to pass', async (given, message) => {
  const db = await openFixture()
  db.run('CREATE TABLE t(a, b)')
  const params = [1, given] as SqlParam[]
  const byName = { a: 1, b: given } as SqlParams
  for (const [sql, values, name] of [
    ['INSERT INTO t VALUES(?, ?)', params, '2'],
    ['INSERT INTO t VALUES(:a, $b)', byName, '$b'],
  ] as const) {
    const error = thrownBy(() => db.run(sql, values))
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER', details: { parameter: name } })
    expect(isDatabaseError(error) && error.message).toMatch(message)
  }
  expect(db.all('SELECT * FROM t')).toEqual([])
  expect(db.run('INSERT INTO t VALUES(?, ?)', [1, 2]).rowsAffected).toBe(1)
})

describe('parameters', () => {
  const open = async (): Promise<Fixture> => {
    const db = await openFixture()
    db.run('CREATE TABLE t(a, b)')
    return db
  }

  test('by name, with or without the prefix, of every kind', async () => {
    const db = await open()
    expect(db.all('SELECT :a, @b, $c, :a', { a: 1, '@b': 2, c: 3 })).toEqual([[1, 2, 3, 1]])
    expect(db.all('SELECT :a, @a', { a: 1 })).toEqual([[1, 1]])
    expect(db.all('SELECT ?2, ?1', ['x', 'y'])).toEqual([['y', 'x']])
    expect(db.all('SELECT :toString', { toString: 5 })).toEqual([[5]])
  })

  test.each<[string, SqlParams | undefined]>([
    ['INSERT INTO t VALUES(?, ?)', undefined],
    ['INSERT INTO t VALUES(?, ?)', [1]],
    ['INSERT INTO t VALUES(?, ?)', [1, 2, 3]],
    ['INSERT INTO t VALUES(?, ?)', { a: 1 }],
    ['INSERT INTO t VALUES(:a, :b)', { a: 1 }],
    ['INSERT INTO t VALUES(:a, :toString)', { a: 1 }],
    ['INSERT INTO t VALUES(:a, :b)', { a: 1, b: 2, c: 3 }],
    ['INSERT INTO t VALUES(1, 2)', [1]],
    ['INSERT INTO t VALUES(1, 2)', { a: 1 }],
    ['INSERT INTO t VALUES(1, 2); INSERT INTO t VALUES(?, ?)', undefined],
    ['INSERT INTO t VALUES(1, ?); INSERT INTO t VALUES(?, 2)', [1]],
    ['INSERT INTO t VALUES(1, 2); INSERT INTO t VALUES(3, 4)', [1]],
    ['INSERT INTO t VALUES(1, :a); INSERT INTO t VALUES(:b, 2)', { a: 1, b: 2, c: 3 }],
    ['  -- nothing', [1]],
  ])('%s with %j is refused before anything runs', async (sql, params) => {
    const db = await open()
    for (let round = 0; round < 2; round++) {
      expect(thrownBy(() => db.run(sql, params))).toMatchObject({ code: 'INVALID_PARAMETER' })
    }
    expect(db.all('SELECT * FROM t')).toEqual([])
  })

  test('of several statements: by position for the one that has any, by name for each that asks', async () => {
    const db = await open()
    db.run(
      'INSERT INTO t VALUES(\'?\', 1); INSERT INTO t VALUES(?, ?) /* ? */; INSERT INTO t SELECT "?", 3 FROM (SELECT 0 AS "?") -- ?',
      [5, 6],
    )
    db.run('INSERT INTO t VALUES(:a, :b); INSERT INTO t VALUES(:b, 8)', { a: 1, b: 2 })
    expect(db.all('SELECT * FROM t')).toEqual([
      ['?', 1],
      [5, 6],
      [0, 3],
      [1, 2],
      [2, 8],
    ])
  })

  test('none are left over from the run before', async () => {
    const db = await open()
    db.run('INSERT INTO t VALUES(?, ?)', ['first', 'second'])
    expect(thrownBy(() => db.run('INSERT INTO t VALUES(?, ?)', ['x', NaN]))).toMatchObject({
      code: 'INVALID_PARAMETER',
    })
    db.run('INSERT INTO t VALUES(?, ?)', [null, null])
    expect(db.all('SELECT * FROM t')).toEqual([
      ['first', 'second'],
      [null, null],
    ])
  })
})

test('rows are objects by name, the last of two equal names winning, or arrays', async () => {
  const db = await openFixture()
  expect(db.run('SELECT 1 AS a, 2 AS b, 3 AS a').rows).toEqual([{ a: 3, b: 2 }])
  expect(db.all('SELECT 1 AS a, 2 AS b, 3 AS a')).toEqual([[1, 2, 3]])
  const [row] = db.run('SELECT 1 AS "__proto__", 2 AS "constructor"').rows
  expect(Object.keys(row ?? {})).toEqual(['__proto__', 'constructor'])
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
})

test('loading SQLite leaves BigInt as it was', () => {
  expect('toJSON' in BigInt.prototype).toBe(false)
})
