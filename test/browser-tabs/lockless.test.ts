/** Without Web Locks the epoch alone says who may write, and silence who may try. */
import { expect, test } from 'vitest'
import { leaderOf, untilOneLeads } from './hurt.ts'
import type { MemberPage } from './member-page.ts'
import { useTabs } from './tabs.ts'
import { goOnAndCompare, writeAll } from './writers.ts'

const tabs = useTabs(['pages/worker-without-locks.ts'])

test('without Web Locks one of two pages leads on IndexedDB; when it crashes the other one takes over by a new epoch', async () => {
  await tabs.withPages(2, async ({ all }) => {
    const name = tabs.newName()
    const begin = (page: MemberPage) => page.begin(name, { storage: 'indexeddb' }, '/worker-without-locks.js')
    // Both lose patience in about the same moment.
    expect(await Promise.all(all.map(begin))).toEqual(['open', 'open'])
    await untilOneLeads(all)
    const leader = leaderOf(all)
    const others = all.filter((page) => page !== leader)
    await leader.run((member) => member.prepare())
    await writeAll(all)
    await leader.crash()
    await untilOneLeads(others)
    await goOnAndCompare(others, all)
    const reigns = all.flatMap((page) =>
      page.told.filter(({ status }) => status.state === 'leading').map(({ status }) => status.epoch),
    )
    expect(new Set(reigns).size, 'an epoch has one leader').toBe(reigns.length)
    expect(reigns.length).toBeGreaterThanOrEqual(2)
  })
})
