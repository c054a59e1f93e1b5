/** Processes that open one database at once: one of them leads, all of them can use it. */
import { expect, test } from 'vitest'
import { temporaryBase } from '../api/harness.ts'
import { isLong } from '../model/replay.ts'
import { MemberProcess } from './member-process.ts'

const MEMBERS = 4
const ROUNDS = isLong ? 20 : 3

test(`processes that open a database at once have one leader, and all can use it (${ROUNDS} rounds)`, async () => {
  const base = await temporaryBase()
  const start = () => MemberProcess.start(base, {}, { isOpened: false })
  const members = await Promise.all(Array.from({ length: MEMBERS }, start))
  // Each database is made at once, then opened at once.
  for (let round = 0; round < ROUNDS; round += 1) {
    await openTogether(members, { name: `db${Math.floor(round / 2)}`, times: 1 + (round % 2) })
  }
})

/** `times`: how often that database was open, this time included. */
async function openTogether(
  members: readonly MemberProcess[],
  { name, times }: { readonly name: string; readonly times: number },
): Promise<void> {
  for (const member of members) member.status = undefined
  await Promise.all(members.map((member) => member.ask('open', name)))
  expect(rolesOf(members)).toEqual(['follower', 'follower', 'follower', 'leader'])
  await members[0]?.exec('CREATE TABLE IF NOT EXISTS t (who INTEGER PRIMARY KEY, times INTEGER)')
  const write = 'INSERT INTO t VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1'
  await Promise.all(members.map((member, who) => member.exec(write, [who])))
  const rows = members.map((_, who) => ({ who, times }))
  for (const member of members) expect(await member.query('SELECT who, times FROM t ORDER BY who')).toEqual(rows)
  expect(rolesOf(members)).toEqual(['follower', 'follower', 'follower', 'leader'])
  await Promise.all(members.map((member) => member.ask('close')))
}

const rolesOf = (members: readonly MemberProcess[]) => members.map(({ status }) => status?.role).toSorted()
