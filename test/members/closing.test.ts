/** The process that leads closes its database under writes. */
import { expect, test } from 'vitest'
import { openIn, temporaryBase } from '../api/harness.ts'
import { column } from '../attacks/world.ts'
import { expectHandOver, isLeading } from './hand-over.ts'
import { MemberProcess } from './member-process.ts'

test('a leader that closes while all write answers what it was asked, and is followed: nothing is lost, nothing is there twice', async () => {
  const base = await temporaryBase()
  const leader = await MemberProcess.start(base)
  const followers = [await MemberProcess.start(base), await MemberProcess.start(base)]
  await leader.exec('CREATE TABLE t (who, n INTEGER, PRIMARY KEY (who, n))')
  const write = (member: MemberProcess, who: number) => member.ask('write', `w${who}`, 4, 1e9)
  const ending = write(leader, 0).catch((error: unknown) => error)
  const writing = followers.map((member, at) => write(member, at + 1))
  const goesOn = (member: MemberProcess) => {
    const before = member.acknowledged.length
    return member.until(({ acknowledged }) => acknowledged.length >= before + 20)
  }
  await Promise.all([leader, ...followers].map(goesOn))
  const sinceMs = performance.now()
  await leader.ask('close')
  expect(await ending).toMatchObject({ code: 'DATABASE_CLOSED' })
  await Promise.race(followers.map((member) => member.until(isLeading)))
  await Promise.all(followers.map(goesOn))
  const next = followers.filter(isLeading)
  expect(next).toHaveLength(1)
  for (const member of next) await expectHandOver(member, { cause: 'resigned', sinceMs })
  await Promise.all(followers.map((member) => member.ask('stop')))
  await Promise.all(writing)
  const db = await openIn(base)
  for (const [who, { acknowledged }] of [leader, ...followers].entries()) {
    const kept = (await column(db, `SELECT n FROM t WHERE who = 'w${who}' ORDER BY n`)) as number[]
    expect(kept).toEqual(acknowledged.toSorted((a, b) => a - b))
    expect(kept).toEqual(kept.map((_, at) => at + 1))
  }
})
