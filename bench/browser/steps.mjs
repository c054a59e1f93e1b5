/**
 * Sixteen scripts with the shape of the benchmark that wa-sqlite publishes: rows of two numbers and a number in words, first one
 * transaction a row, then in bulk, with and without indexes. Written anew; the data are the same in every run.
 */

const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

/** Numbers from 0 to below `bound`, the same sequence for the same seed (mulberry32). @param {number} seed */
export function sequenceOf(seed) {
  let state = seed >>> 0
  return (/** @type {number} */ bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

const inWords = (/** @type {number} */ number) => Array.from(String(number), (digit) => digits[Number(digit)]).join(' ')

/** @param {number} count @param {(index: number) => string} line */
const lines = (count, line) => Array.from({ length: count }, (_, index) => line(index)).join('\n')

const inTransaction = (/** @type {string} */ sql) => `BEGIN;\n${sql}\nCOMMIT;`

/** The script before step 1, whose time is not counted. */
export const emptyTable = 'CREATE TABLE t1(a INTEGER, b INTEGER, c TEXT)'

/** @param {(bound: number) => number} next @returns {(table: string, key: number) => string} */
function insertOf(next) {
  return (table, key) => {
    const number = next(100_000)
    return `INSERT INTO ${table} VALUES(${key}, ${number}, '${inWords(number)}');`
  }
}

/** `count` one-row INSERTs into the table of `emptyTable`. @param {number} count @returns {string[]} */
export function singleInserts(count) {
  const insert = insertOf(sequenceOf(1))
  return Array.from({ length: count }, (_, index) => insert('t1', index + 1))
}

/**
 * @param {number} scale 1 is the whole size
 * @returns {{ title: string, sql: string }[]} in the order in which they are run; each is one exec
 */
export function sixteenSteps(scale) {
  const next = sequenceOf(2)
  const insert = insertOf(next)
  const size = (/** @type {number} */ whole) => Math.ceil(whole * scale)
  const many = size(25_000)
  const columns = '(a INTEGER, b INTEGER, c TEXT)'
  const steps = {
    [`${size(1000)} INSERTs`]: singleInserts(size(1000)).join('\n'),
    [`${many} INSERTs in a transaction`]: inTransaction(
      `CREATE TABLE t2${columns};\n${lines(many, (i) => insert('t2', i + 1))}`,
    ),
    [`${many} INSERTs into an indexed table`]: inTransaction(
      `CREATE TABLE t3${columns};\nCREATE INDEX t3c ON t3(c);\n${lines(many, (i) => insert('t3', i + 1))}`,
    ),
    [`${size(100)} range SELECTs without an index`]: inTransaction(
      lines(size(100), (i) => `SELECT count(*), avg(b) FROM t2 WHERE b >= ${i * 100} AND b < ${i * 100 + 1000};`),
    ),
    [`${size(100)} SELECTs by a comparison of strings`]: inTransaction(
      lines(size(100), (i) => `SELECT count(*), avg(b) FROM t2 WHERE c LIKE '%${inWords(i)}%';`),
    ),
    'two indexes': 'CREATE INDEX t2a ON t2(a);\nCREATE INDEX t2b ON t2(b);',
    [`${size(5000)} range SELECTs with an index`]: inTransaction(
      lines(
        size(5000),
        (i) =>
          `SELECT count(*), avg(b) FROM t2 WHERE b >= ${(i * 20) % 100_000} AND b < ${((i * 20) % 100_000) + 100};`,
      ),
    ),
    [`${size(1000)} UPDATEs without an index`]: inTransaction(
      lines(size(1000), (i) => `UPDATE t1 SET b = b * 2 WHERE a >= ${i * 10} AND a < ${i * 10 + 10};`),
    ),
    [`${many} UPDATEs with an index`]: inTransaction(
      lines(many, (i) => `UPDATE t2 SET b = ${next(100_000)} WHERE a = ${i + 1};`),
    ),
    [`${many} UPDATEs of text`]: inTransaction(
      lines(many, (i) => `UPDATE t2 SET c = '${inWords(next(100_000))}' WHERE a = ${i + 1};`),
    ),
    'INSERTs from SELECTs': inTransaction(
      'INSERT INTO t1 SELECT b, a, c FROM t2;\nINSERT INTO t2 SELECT b, a, c FROM t1;',
    ),
    'DELETE without an index': "DELETE FROM t2 WHERE c LIKE '%five zero%';",
    'DELETE with an index': `DELETE FROM t2 WHERE a > ${size(10)} AND a < ${size(20_000)};`,
    'big INSERT after a big DELETE': 'INSERT INTO t2 SELECT * FROM t1;',
    [`big DELETE and ${size(12_000)} INSERTs`]: inTransaction(
      `DELETE FROM t1;\n${lines(size(12_000), (i) => insert('t1', i + 1))}`,
    ),
    'DROP TABLE': 'DROP TABLE t1;\nDROP TABLE t2;\nDROP TABLE t3;',
  }
  return Object.entries(steps).map(([title, sql]) => ({ title, sql }))
}
