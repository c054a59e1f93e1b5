/** A leader that stands still with all that it holds. Where the medium refuses its writes it is robbed; where it does not, it is waited for. */
import { expect, test } from 'vitest'
import { isLong } from '../model/replay.ts'
import {
  countOrCode,
  type Frozen,
  freezes,
  isAnswered,
  leaderOf,
  standsStill,
  untilOneLeads,
  untilStill,
} from './hurt.ts'
import type { MemberPage } from './member-page.ts'
import type { Told } from './pages/member.ts'
import { compareRows } from './rows.ts'
import { useTabs } from './tabs.ts'
import { until } from './until.ts'
import { goOnAndCompare, openAll, writeAll } from './writers.ts'

const tabs = useTabs(['pages/stalling-worker.ts'])
const ways = Object.entries(freezes)

test.concurrent.for(ways)(
  'attack-22: on IndexedDB a leader that is %s is robbed; thawed it follows, answers nothing old and overwrites nothing',
  async ([, freeze]) => {
    await tabs.withPages(3, async ({ all }) => {
      await openAll(all, { name: tabs.newName(), storage: 'indexeddb' })
      const leader = leaderOf(all)
      const others = all.filter((page) => page !== leader)
      await writeAll(all, { inFlight: 2 })
      await Promise.all(all.map((page) => page.stop()))
      // Nothing is left to do: it has no transaction open.
      await leader.run((member) => member.db().checkpoint())
      const { wake } = await freeze(leader, tabs.chromium)
      try {
        await untilStill(leader)
        // What is asked here waits for it, and is the first that it hears when it runs again.
        const asked = countOrCode(leader)
        const written = leader.writeRows(5)
        await writeAll(others, { inFlight: 2 })
        await untilOneLeads(others)
        expect(await isAnswered(asked), 'it stands still').toBe(false)
        expect(leader.leads, 'it does not know').toBe(true)
        await Promise.all(others.map((page) => page.untilMore(10)))
        const acknowledged = all.reduce((sum, page) => sum + page.acknowledged.size, 0)
        await wake()
        const answer = await asked
        if (typeof answer === 'string') expect(answer).toBe('LEASE_LOST')
        else expect(answer, 'nothing old').toBeGreaterThanOrEqual(acknowledged)
        await written
        await until('it follows', () => leader.follows)
        await zombieOverwritesNothing(leader)
        await leader.start({ inFlight: 2 })
        await goOnAndCompare(all, all)
        expect(all.filter((page) => page.leads)).toHaveLength(1)
      } finally {
        await wake()
      }
    })
  },
)

test.concurrent.for(ways)(
  `attack-30: a leader that is %s inside a transaction of IndexedDB keeps the stores until ${isLong ? 'the browser ends it' : 'it runs again'}; then it is fenced`,
  async ([, freeze]) => {
    await tabs.withPages(2, async ({ all, at }) => {
      await openAll(all, { name: tabs.newName(), storage: 'indexeddb', script: (page) => page.stallingScript })
      const [leader, other] = [at(0), at(1)]
      await writeAll(all, { inFlight: 2 })
      await other.stop()
      await leader.stallInside()
      const { wake } = await freeze(leader, tabs.chromium)
      try {
        await standsStill(leader)
        await other.start({ inFlight: 2 })
        const frozenAtMs = performance.now()
        if (isLong) await untilOneLeads([other], 75_000)
        else await new Promise((resolve) => setTimeout(resolve, 7000))
        console.log(
          `inside a transaction, ${isLong ? 'taken over' : 'thawed'} after ${Math.round(performance.now() - frozenAtMs)} ms`,
        )
        expect(other.leads, 'nobody has the stores but the one that stands still').toBe(isLong)
        await wake()
        await until('the other one leads', () => other.leads)
        await untilOneLeads(all)
        expect(leaderOf(all)).toBe(other)
        await goOnAndCompare(all, all)
      } finally {
        await wake()
      }
    })
  },
)

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

/** It has led, and another one leads: nothing that is called here brings back what it had. */
async function zombieOverwritesNothing(page: MemberPage): Promise<void> {
  const ends = await page.run(async (member) => {
    const db = member.db()
    await db.exec('CREATE TABLE IF NOT EXISTS afterwards (v)')
    const receipt = await db.forceSync()
    return receipt.epoch
  })
  expect(ends).toBe(page.status?.epoch)
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
