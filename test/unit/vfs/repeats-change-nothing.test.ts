/** Any scripts, some of whose statements have one shape: with repeats and without. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare } from './with-and-without-repeats.ts'

/** What is bound, and what looks like it. */
const oddNumber = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.constantFrom('- 1', '--1\n2', '1.5', '-1e3', '0x10', '1_000', '1000000000000000', '.5', '1.'),
)
const number = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -3, max: 12 }).map(String) },
  { weight: 4, arbitrary: fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 }).map(String) },
  { weight: 2, arbitrary: fc.constantFrom('007', '-0', '999999999999999') },
  oddNumber,
)
const oddText = fc.constantFrom("'it''s'", "'''", '"a"', '"nosuch"', "x'00ff'", 'NULL', 'abs(-1)')
const text = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("''", "'1'", "' 2 '", "'1.5'", "'a;b'", "'?'", "'ä€😀'") },
  { weight: 8, arbitrary: fc.string({ maxLength: 5 }).map((value) => `'${value.replaceAll(/['\0]/g, '')}'`) },
  oddText,
)
const value = fc.oneof({ weight: 4, arbitrary: number }, { weight: 3, arbitrary: text })
const operator = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('=', '<', '>', '<=', '>=', ' = ') },
  fc.constantFrom('<>', ' IS ', ' LIKE '),
)
const column = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'rowid', 't.a', '"b"')
const condition = fc.tuple(column, operator, value).map((parts) => parts.join(''))
const end = fc.constantFrom(';', ' ;\n', '; -- \n', ' RETURNING a;', ' COLLATE NOCASE;', ' LIMIT 1;', ';;', ' || 1;')
const semicolon = fc.oneof({ weight: 60, arbitrary: fc.constant(';') }, end)

/** One shape, several times: what comes again is what is bound. */
const repeated = (parts: readonly string[]) =>
  fc
    .array(fc.tuple(...parts.map(() => value), semicolon), { minLength: 1, maxLength: 6 })
    .map((rows) => rows.map((row) => parts.map((part, at) => `${part}${row[at] ?? ''}`).join('') + (row.at(-1) ?? '')))

const run = fc.oneof(
  fc
    .constantFrom(
      ['INSERT INTO t(a, b, c, d, e) VALUES(', ',', ', ', ',', ','],
      ['INSERT OR REPLACE INTO t(b, a) VALUES(', ','],
      ['INSERT OR IGNORE INTO v(a, b) VALUES (', ','],
      ['INSERT INTO t(a, b) VALUES(', ',', '), (', ','],
    )
    .chain((parts) =>
      repeated(parts).map((rows) =>
        rows.map((row) => row.replace(/( RETURNING a| LIMIT 1| COLLATE NOCASE| \|\| 1)?( ?;)/, ')$1$2')),
      ),
    ),
  fc
    .tuple(column, operator, column)
    .chain(([set, compared, by]) => repeated([`UPDATE t SET ${set.replace('t.', '')} = `, ` WHERE ${by}${compared}`])),
  fc.tuple(column, operator).chain(([by, compared]) => repeated([`DELETE FROM t WHERE ${by}${compared}`, ' AND b > '])),
  fc.tuple(column, operator).chain(([by, compared]) => repeated([`SELECT sum(a), d FROM t WHERE ${by}${compared}`])),
  fc.array(condition, { minLength: 1, maxLength: 3 }).map((all) => [`DELETE FROM t WHERE ${all.join(' AND ')};`]),
  fc.constantFrom(
    ['SAVEPOINT s;'],
    ['CREATE INDEX IF NOT EXISTS td ON t(d);'],
    ['DROP INDEX IF EXISTS td;'],
    ['REINDEX;'],
  ),
)

const setup = `
CREATE TABLE t(a INTEGER, b TEXT, c REAL, d, e NUMERIC CHECK(e IS NOT 5), g AS (a + 1), UNIQUE(a, b));
CREATE TABLE log(what, old, new);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO t(a, b) VALUES(new.a, new.b); END;
CREATE TRIGGER tu AFTER UPDATE ON t BEGIN INSERT INTO log VALUES('u', old.d, typeof(new.d) || new.d); END;
CREATE TRIGGER td AFTER DELETE ON t BEGIN INSERT INTO log VALUES('d', old.a, old.rowid); END;
CREATE INDEX ta ON t(a);
CREATE INDEX some ON t(d) WHERE b = 2;
CREATE INDEX compared ON t(c = 1);
INSERT INTO t(a, b, c, d, e) VALUES(1, '1', 1.5, x'00', 1), (2, '2', 2, 'x', 2), (3, 'it''s', 1, 3, 3), (NULL, NULL, NULL, NULL, NULL);
`

test('nothing else differs: rows, types, counts, errors and bytes', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 4 }), async (runs) => {
      taken += await compare(setup, runs.flat())
    }),
    { numRuns: 200 },
  )
  expect(taken).toBeGreaterThan(100)
}, 120_000)
