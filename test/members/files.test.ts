/** Whose the files are: counted where the system is called, in the processes of both. */
import { expect, test } from 'vitest'
import { temporaryBase } from '../api/harness.ts'
import { MemberProcess } from './member-process.ts'

const ROWS = 200

test('only who leads opens, writes and flushes the files; who follows looks at the lease', async () => {
  const base = await temporaryBase()
  const leader = await MemberProcess.start(base)
  const follower = await MemberProcess.start(base)
  await leader.exec('CREATE TABLE t (who, n INTEGER, PRIMARY KEY (who, n))')
  const before = await leader.files()
  await follower.ask('write', 'follower', 8, ROWS)
  const after = await leader.files()
  // At eight a time, one flush has at most eight of them.
  expect(sumOf(after.flushed) - sumOf(before.flushed)).toBeGreaterThanOrEqual(ROWS / 8)
  expect(sumOf(after.written) - sumOf(before.written)).toBeGreaterThanOrEqual(ROWS / 8)
  const { opened, ...touched } = await follower.files()
  expect(touched).toEqual({ written: {}, flushed: {} })
  expect(Object.keys(opened)).toEqual(['lease'])
  // Counted it is: the same process, once it leads.
  await leader.ask('close')
  await follower.exec("INSERT INTO t VALUES ('leader', 1)")
  const led = await follower.files()
  expect(sumOf(led.flushed)).toBeGreaterThan(0)
  expect(Object.keys(led.opened)).toContain('database.sqlite')
  expect(await follower.query('SELECT count(*) AS n FROM t')).toEqual([{ n: ROWS + 1 }])
})

const sumOf = (tally: Readonly<Record<string, number>>) => Object.values(tally).reduce((sum, count) => sum + count, 0)
