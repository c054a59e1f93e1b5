/** Pages come and go in the middle of everything. */
import { expect, test } from 'vitest'
import { untilOneLeads } from './hurt.ts'
import { useTabs } from './tabs.ts'
import { goOnAndCompare, openAll, storages, writeAll } from './writers.ts'

const tabs = useTabs()

test.each(storages)(
  'a page that is loaded anew again and again, leading or not, disturbs nobody who writes to %s',
  async (storage) => {
    await tabs.withPages(3, async ({ all, at }) => {
      const name = tabs.newName()
      await openAll(all, { name, storage })
      await writeAll(all, { inFlight: 2 })
      const restless = at(0)
      const ways: string[] = []
      for (const way of ['left', 'reloaded', 'reloaded', 'left', 'left']) {
        const isKept = way === 'left' && (await restless.awayAndBack(tabs.origin))
        if (way === 'reloaded') await restless.reload()
        if (!isKept) {
          expect(await restless.begin(name, { storage })).toBe('open')
          await restless.start({ inFlight: 2 })
        }
        await restless.untilMore(3)
        ways.push(isKept ? 'kept' : way)
      }
      // One that leads is not kept by the browser: it would keep the lock from the others.
      expect(ways[0]).toBe('left')
      await untilOneLeads(all)
      expect(restless.follows).toBe(true)
      await goOnAndCompare(all, all)
      for (const page of [at(1), at(2)]) expect([...page.refused]).toEqual([])
    })
  },
)
