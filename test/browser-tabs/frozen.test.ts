/** A leader that stands still with all that it holds. Where the medium refuses its writes it is robbed; where it does not, it is waited for. */
import { expect, test } from 'vitest'
import { isLong } from '../model/replay.ts'
import { countOrCode, type Frozen, freezes, isAnswered, leaderOf, standsStill, untilOneLeads } from './hurt.ts'
import type { MemberPage } from './member-page.ts'
import type { Told } from './pages/member.ts'
import { compareRows } from './rows.ts'
import { useTabs } from './tabs.ts'
import { until } from './until.ts'
import { openAll, writeAll } from './writers.ts'
import { compareAnew, compareTables, wakeZombie } from './zombie.ts'

const tabs = useTabs(['pages/stalling-worker.ts'])
const ways = Object.entries(freezes)

test.concurrent.for([
  ['frozen', 'follows'],
  ['frozen', 'closes'],
  ['stopped', 'follows'],
  ['stopped', 'closes'],
] as const)(
  'attack-22: on IndexedDB a leader that is %s before it flushes what all have written is robbed; thawed it %s, answers nothing old and overwrites nothing',
  async ([way, waking]) => {
    await tabs.withPages(3, async ({ all, at }) => {
      const given = { name: tabs.newName(), storage: 'indexeddb' } as const
      await openAll(all, { ...given, script: (page) => page.stallingScript })
      const [leader, others] = [at(0), [at(1), at(2)]]
      await writeAll(all, { inFlight: 2 })
      await leader.stallBefore()
      const frozen = await freezes[way](leader, tabs.chromium)
      try {
        await standsStillAmongWriters(leader, all)
        await untilOneLeads(others)
        const ends = await wakeZombie(leader, frozen, { others, closes: waking === 'closes' })
        if (waking === 'closes') {
          await leader.stop()
          expect(await leader.begin(given.name, { storage: given.storage }, leader.stallingScript)).toBe('open')
          await leader.start({ inFlight: 2 })
        }
        await until('it follows', () => leader.follows)
        expect(others).toContain(leaderOf(all))
        await compareTables(await compareAnew(all), ends)
      } finally {
        await frozen.wake()
      }
    })
  },
)

const untilEnded = 'the browser ends it'
const untilThawed = 'it runs again'

test.concurrent.for([
  // The browser takes a minute, in which nobody has anything to do: the other tests of this file run meanwhile.
  ['frozen', untilEnded],
  ['stopped', untilThawed],
  ...(isLong
    ? ([
        ['frozen', untilThawed],
        ['stopped', untilEnded],
      ] as const)
    : []),
] as const)(
  'attack-30: a leader that is %s inside a transaction of IndexedDB, while all write, keeps the stores until %s; then it is fenced',
  async ([way, end]) => {
    await tabs.withPages(3, async ({ all, at }) => {
      await openAll(all, { name: tabs.newName(), storage: 'indexeddb', script: (page) => page.stallingScript })
      const [leader, others] = [at(0), [at(1), at(2)]]
      await writeAll(all, { inFlight: 2 })
      await leader.stallInside()
      const frozen = await freezes[way](leader, tabs.chromium)
      try {
        await standsStillAmongWriters(leader, all)
        const isTakenOver = end === untilEnded
        const frozenAtMs = performance.now()
        if (isTakenOver) await untilOneLeads(others, 75_000)
        else await new Promise((resolve) => setTimeout(resolve, 7000))
        console.log(`inside a transaction, until ${end}: ${Math.round(performance.now() - frozenAtMs)} ms`)
        expect(
          others.some((page) => page.leads),
          'nobody has the stores but the one that stands still',
        ).toBe(isTakenOver)
        const ends = isTakenOver ? await wakeZombie(leader, frozen, { others, closes: false }) : undefined
        await frozen.wake()
        await until('another one leads', () => others.some((page) => page.leads))
        await untilOneLeads(all)
        expect(others).toContain(leaderOf(all))
        const rest = await compareAnew(all)
        if (ends !== undefined) await compareTables(rest, ends)
      } finally {
        await frozen.wake()
      }
    })
  },
)

/** It stands still, and of every page rows are underway. */
async function standsStillAmongWriters(page: MemberPage, all: readonly MemberPage[]): Promise<void> {
  await standsStill(page)
  for (const { number, inFlight } of all) expect(inFlight, `page ${number}`).toBeGreaterThan(0)
}

test.concurrent.for(ways)(
  'attack-17: on OPFS a leader that is %s is waited for; what ended in doubt is asked again by its id and applied once',
  async ([, freeze]) => {
    await tabs.withPages(3, async ({ all }) => {
      const name = tabs.newName()
      await openAll(all, { name, storage: 'opfs' })
      const leader = leaderOf(all)
      const others = all.filter((page) => page !== leader)
      const { wake } = await freezeWhileWriting(leader, all, freeze)
      try {
        const told = await Promise.all(others.map((page) => insertInVain(page)))
        for (const { code, outcome, requestId } of told) {
          expect({ code, outcome }).toEqual({ code: 'LEADER_UNRESPONSIVE', outcome: 'unknown' })
          expect(requestId).toMatch(/:\d+$/)
        }
        // Of each member the last outcomes are kept: a hundred rows later nobody would know. Nothing new is begun when it wakes.
        const stopped = all.map((page) => page.stop())
        await wake()
        await Promise.all(stopped)
        for (const [index, page] of others.entries()) await askAgain(page, told[index]?.requestId)
        await writeAll(all, { inFlight: 2 })
        await Promise.all(all.map((page) => page.stop()))
        expect(leaderOf(all)).toBe(leader)
        for (const page of others) expect(await countOf(page, 1000 + page.number)).toBe(1)
        await compareRows(leader, all)
      } finally {
        await wake()
      }
    })
  },
)

async function freezeWhileWriting(
  leader: MemberPage,
  all: readonly MemberPage[],
  freeze: (page: MemberPage, chromium: typeof tabs.chromium) => Promise<Frozen>,
): Promise<Frozen> {
  await writeAll(all, { inFlight: 2 })
  const frozen = await freeze(leader, tabs.chromium)
  await standsStill(leader)
  return frozen
}

/** A row of its own number, within a second. */
const insertInVain = (page: MemberPage): Promise<Told> =>
  page.run(async (member, n) => {
    const told = await member.attempt(() =>
      member.db().exec('INSERT INTO entry (page, n) VALUES (9, ?)', [n], { deadlineMs: 1000 }),
    )
    if (told === 'done') throw new Error('it was answered')
    return told
  }, 1000 + page.number)

async function askAgain(page: MemberPage, requestId: string | undefined): Promise<void> {
  const insert = { n: 1000 + page.number, requestId: requestId ?? '' }
  const again = () =>
    page.run(
      (member, given) =>
        member.attempt(() =>
          member.db().exec('INSERT INTO entry (page, n) VALUES (9, ?)', [given.n], { requestId: given.requestId }),
        ),
      insert,
    )
  expect(await again()).toBe('done')
  expect(await again()).toBe('done')
}

const countOf = (page: MemberPage, n: number): Promise<number> =>
  page.run(async (member, row) => {
    const [found] = await member
      .db()
      .query<{ c: number }>('SELECT count(*) AS c FROM entry WHERE page = 9 AND n = ?', [row])
    return found?.c ?? 0
  }, n)

test.concurrent('a tab that freezes and thaws again and again changes the leader once or twice', async () => {
  await tabs.withPages(3, async ({ all, at }) => {
    await openAll(all, { name: tabs.newName(), storage: 'indexeddb' })
    const [wedged, ...others] = [at(0), at(1), at(2)]
    const endMs = performance.now() + (isLong ? 60_000 : 12_000)
    await writeAll(others, { inFlight: 1 })
    let count = 0
    for (; performance.now() < endMs; count += 1) {
      const { wake } = await freezes.frozen(wedged)
      const asked = countOrCode(wedged)
      await new Promise((resolve) => setTimeout(resolve, 6500))
      expect(await isAnswered(asked), 'it stands still').toBe(false)
      await wake()
      await asked
    }
    await Promise.all(others.map((page) => page.untilMore(10)))
    await untilOneLeads(all)
    await Promise.all(others.map((page) => page.stop()))
    expect(count).toBeGreaterThanOrEqual(2)
    const changes = Math.max(...all.map(({ status }) => status?.epoch ?? 0)) - 1
    console.log(`${count} times frozen and thawed, ${changes} changes of the leader`)
    expect(changes).toBeGreaterThanOrEqual(1)
    expect(changes).toBeLessThanOrEqual(2)
    await compareRows(at(1), all)
  })
})
