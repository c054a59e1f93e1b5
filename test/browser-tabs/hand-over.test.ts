/** The leader goes while every page writes: another one leads, and what was acknowledged is there once. */
import { expect, test } from 'vitest'
import type { RecoveryReport } from '../../src/index.ts'
import { limits } from '../../src/limits.ts'
import { leaderOf, untilOneLeads } from './hurt.ts'
import type { MemberPage } from './member-page.ts'
import { compareRows } from './rows.ts'
import { useTabs } from './tabs.ts'
import { until } from './until.ts'
import { goOnAndCompare, openAll, storages, writeAll } from './writers.ts'

const tabs = useTabs(['pages/stalling-worker.ts'])

const WASM = '/wa-sqlite.wasm'

const ends: Readonly<Record<string, (leader: MemberPage) => Promise<unknown>>> = {
  'closes the database': (leader) => leader.run((member) => member.db().close()),
  'is closed': (leader) => leader.close(),
  crashes: (leader) => leader.crash(),
}

test.for(storages.flatMap((storage) => Object.entries(ends).map(([end, work]) => [end, storage, work] as const)))(
  'the leader %s while all write to %s: the next one leads, and every acknowledged row is there once',
  async ([, storage, end]) => {
    await tabs.withPages(3, async (pages) => {
      await openAll(pages.all, { name: tabs.newName(), storage })
      await writeAll(pages.all)
      const leader = leaderOf(pages.all)
      const followers = pages.all.filter((page) => page !== leader)
      const epoch = leader.status?.epoch ?? 0
      await end(leader)
      await untilOneLeads(followers)
      expect(leaderOf(followers).status?.epoch).toBeGreaterThan(epoch)
      await goOnAndCompare(followers, pages.all)
      // Those who did not lead were told of nothing but answers.
      expect(followers.flatMap((page) => [...page.refused])).toEqual([])
    })
  },
)

test.each(storages)('a leader on %s leaves its log to whoever follows, and the last one folds it', async (storage) => {
  await tabs.withPages(2, async ({ all, at }) => {
    const name = tabs.newName()
    await openAll(all, { name, storage })
    await at(1).run((member) => {
      member.db().events$.subscribe((event) => {
        if (event.type === 'recovery.finished') Object.assign(globalThis, { recovered: event.report })
      })
    })
    await at(0).writeRows(5)
    await at(0).run((member) => member.db().close())
    await until('it leads', () => at(1).leads)
    const taken = await at(1).page.evaluate<RecoveryReport>('recovered')
    expect(taken).toMatchObject({ cleanShutdown: false, recoveredTxid: 6 })
    expect(taken.recordsReplayed).toBeGreaterThan(0)
    await at(1).writeRows(5)
    await at(1).run((member) => member.db().close())
    expect(await at(0).begin(name, { storage })).toBe('open')
    expect(await at(0).run((member) => member.db().recoveryReport)).toMatchObject({
      cleanShutdown: true,
      recordsReplayed: 0,
    })
    await compareRows(at(0), all)
  })
})

test('a page that takes long to take over is waited for and not robbed', async () => {
  await tabs.withPages(3, async ({ all, at }) => {
    await openAll(all, { name: tabs.newName(), storage: 'indexeddb', script: (page) => page.stallingScript })
    const [, next, other] = [at(0), at(1), at(2)]
    const inside = next.stallInside()
    await at(0).close()
    await inside
    const written = other.writeRows(5)
    // Longer than anybody waits for a leader that is silent.
    await new Promise((resolve) => setTimeout(resolve, limits.beatMs * (limits.missedBeatsMax + 4)))
    expect(other.acknowledged.size, 'nobody leads yet').toBe(0)
    await next.goOn()
    await written
    expect(other.acknowledged.size).toBe(5)
    expect([next, other].map(({ status }) => [status?.role, status?.epoch])).toEqual([
      ['leader', 2],
      ['follower', 2],
    ])
    expect(other.told.map(({ status }) => status.state)).not.toContain('recovering')
  })
})

test('a page that has followed for a while takes over without a network', async () => {
  await tabs.withPages(2, async ({ all, at }) => {
    await openAll(all, { name: tabs.newName(), storage: 'indexeddb' })
    const made = tabs.requestsOf(WASM)
    await until('it has made itself ready', () => tabs.requestsOf(WASM) === made + 1)
    await at(1).writeRows(1)
    await at(0).close()
    await until('it leads', () => at(1).leads)
    await at(1).writeRows(3)
    expect(tabs.requestsOf(WASM)).toBe(made + 1)
  })
})
