/** Pages of two builds have one database open, as after a deployment. */
import { expect, test } from 'vitest'
import type { MemberPage } from './member-page.ts'
import { compareRows } from './rows.ts'
import { useTabs } from './tabs.ts'
import { buildVersions, folderOf, type Speaks } from './versions.ts'

const old: Speaks = { oldest: 1, newest: 1 }
const both: Speaks = { oldest: 1, newest: 2 }
const young: Speaks = { oldest: 2, newest: 2 }
const told = ({ oldest, newest }: Speaks) => `${oldest} to ${newest}`

const tabs = useTabs([], () => buildVersions([old, both, young]))

async function beginAs(page: MemberPage, name: string, speaks: Speaks): Promise<string> {
  await page.load(tabs.origin, folderOf(speaks))
  return page.begin(name, { storage: 'indexeddb', wasmUrl: '/wa-sqlite.wasm' }, `${folderOf(speaks)}/worker.js`)
}

test.each([
  [told(old), told(both), old, both],
  [told(both), told(old), both, old],
  [told(young), told(both), young, both],
])('a leader that speaks %s serves a page that speaks %s', async (_, __, leads, follows) => {
  await tabs.withPages(2, async ({ all, at }) => {
    const name = tabs.newName()
    expect(await beginAs(at(0), name, leads)).toBe('open')
    expect(await beginAs(at(1), name, follows)).toBe('open')
    expect([at(0).leads, at(1).follows]).toEqual([true, true])
    await at(1).run((member) => member.prepare())
    await Promise.all(all.map((page) => page.writeRows(10)))
    await at(0).close()
    await at(1).writeRows(10)
    expect(await compareRows(at(1), all)).toBe(30)
  })
})

test.each([
  [told(old), told(young), old, young],
  [told(young), told(old), young, old],
])(
  'a leader that speaks %s refuses a page that speaks %s, which is told so; nothing is lost',
  async (_, __, leads, other) => {
    await tabs.withPages(2, async ({ all, at }) => {
      const name = tabs.newName()
      expect(await beginAs(at(0), name, leads)).toBe('open')
      await at(0).run((member) => member.prepare())
      await at(0).writeRows(5)
      expect(await beginAs(at(1), name, other)).toBe('PROTOCOL_MISMATCH')
      expect(at(1).refusal?.message).toContain(`speaks protocol ${told(leads)}, this member ${told(other)}`)
      await at(0).writeRows(5)
      expect([at(0).leads, at(0).status?.epoch]).toEqual([true, 1])
      // When the leader is gone, the other one's turn has come.
      await at(0).close()
      expect(await beginAs(at(1), name, other)).toBe('open')
      expect(await compareRows(at(1), all)).toBe(10)
    })
  },
)
