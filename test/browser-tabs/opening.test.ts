/** Pages that open one database at once: one of them leads, all of them can use it. */
import { expect, test } from 'vitest'
import { isLong } from '../model/replay.ts'
import type { MemberPage } from './member-page.ts'
import { compareRows } from './rows.ts'
import { useTabs } from './tabs.ts'

const tabs = useTabs()
const ROUNDS = Number(process.env['DATASYNC_TEST_OPENINGS'] ?? (isLong ? 50 : 10))

test.each(['indexeddb', 'opfs'] as const)(
  `pages that open a database on %s at once have one leader, and all can use it (${ROUNDS} rounds)`,
  async (storage) => {
    await tabs.withPages(5, async (pages) => {
      for (let round = 0; round < ROUNDS; round += 1) await openTogether(pages.all.slice(0, 3 + (round % 3)), storage)
    })
  },
)

async function openTogether(pages: readonly MemberPage[], storage: 'opfs' | 'indexeddb'): Promise<void> {
  const name = tabs.newName()
  for (const page of pages) page.forget()
  expect(await Promise.all(pages.map((page) => page.begin(name, { storage })))).toEqual(pages.map(() => 'open'))
  expect(pages.filter((page) => page.leads)).toHaveLength(1)
  expect(pages.filter((page) => page.follows)).toHaveLength(pages.length - 1)
  const [first] = pages
  if (first === undefined) throw new Error('there are pages')
  await first.run((member) => member.prepare())
  await Promise.all(pages.map((page) => page.writeRows(4)))
  expect(await compareRows(first, pages)).toBe(4 * pages.length)
  expect(pages.filter((page) => page.leads)).toHaveLength(1)
  // All at once: nobody has to take over.
  await Promise.all(pages.map((page) => page.run((member) => member.db().close())))
}
