import { expect, test } from 'vitest'
import { codeOf, openMemory } from './harness.ts'

test('a client sends several requests at once, and one that changes nothing first', async () => {
  const db = await openMemory()
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)')
  const ask = (client: string, n: number) =>
    db.exec('INSERT INTO t (n) VALUES (?)', [n], { requestId: `${client}:${n}` })
  await Promise.all([1, 2, 3].map((n) => ask('together', n)))
  await Promise.all([1, 2, 3].map((n) => ask('together', n)))
  expect(await db.query('SELECT n FROM t ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  await db.query('SELECT 1', [], { requestId: 'reader:1' })
  await ask('reader', 2)
  await ask('reader', 2)
  expect(await db.query('SELECT count(*) AS count FROM t')).toEqual([{ count: 4 }])
  expect(await codeOf(ask('stranger', 2))).toBe('OUTCOME_UNKNOWN')
})
