/** A browser that has no more room, or that stops a page: callers are told, and nothing acknowledged is lost. */
import { describe, expect, test } from 'vitest'
import type { Filled } from './pages/writer.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const rig = useRig(['pages/writer.ts'])
const STORED = 'hardship'

describe.each([
  { storage: 'opfs', quotaBytes: 25_000_000 },
  { storage: 'indexeddb', quotaBytes: 8_000_000 },
] as const)('$storage', ({ storage, quotaBytes }) => {
  test('a quota that is used up is told, loses nothing, and is over when there is room again', async () => {
    const chromium = await rig.start()
    const { page } = await WriterPage.open(chromium, rig.origin, {
      prepare: (blank) => blank.limitQuota(rig.origin, quotaBytes),
    })
    const openStore = (name: string) => page.evaluate<string>(`writer.openStore('${name}', { storage: '${storage}' })`)
    expect(await openStore(STORED)).toBe('created')
    const { acknowledged, refused, because, heard } = await page.evaluate<Filled>('writer.fill(400000)')
    expect(heard).toEqual(['STORAGE_FULL'])
    expect({ refused, because }).toEqual({ refused: 'DEADLINE_EXCEEDED', because: 'STORAGE_FULL' })
    expect(acknowledged).toBeGreaterThan(0)
    expect(acknowledged * 400_000).toBeLessThan(quotaBytes)
    await page.limitQuota(rig.origin, 500_000_000)
    expect(await page.evaluate('writer.writeOne()')).toBe('done')
    await page.evaluate('writer.close()')
    expect(await openStore(STORED)).toBe('existing')
    // The one that got no answer in time may be there, as its error says.
    const there = await page.evaluate<number>('writer.countFilled()')
    expect([acknowledged + 1, acknowledged + 2]).toContain(there)
    expect(await page.evaluate('writer.checkIntegrity()')).toBe('ok')
  })
})

test.each(['opfs', 'indexeddb'] as const)(
  'a page that is frozen while it writes to %s answers for everything when it thaws',
  async (storage) => {
    const chromium = await rig.start()
    const page = await WriterPage.open(chromium, rig.origin)
    await page.openWitnessed(STORED, { storage })
    await page.start({ inFlight: 8, durability: 'strict' }, { after: 0 })
    await page.until(50)
    await page.page.freeze()
    const frozen = await standsStill(page)
    expect(frozen.begun).toBeGreaterThan(frozen.acknowledged)
    await page.page.thaw()
    await page.until(frozen.acknowledgements + 50)
    await page.page.evaluate('writer.stop()')
    expect(page.failures).toEqual([])
    expect(page.acknowledgements).toBe(page.begun)
    expect(await page.examine()).toEqual({ transactions: page.begun, integrity: 'ok', torn: [] })
  },
)

/** Nothing is told for a second and a half, in which a page that runs tells hundreds of things. Bounded. */
async function standsStill(page: WriterPage) {
  const now = () => ({ begun: page.begun, acknowledged: page.acknowledged, acknowledgements: page.acknowledgements })
  for (let tries = 0; tries < 10; tries++) {
    const before = now()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    if (page.begun === before.begun && page.acknowledgements === before.acknowledgements) return before
  }
  return expect.fail('a page that is frozen goes on')
}
