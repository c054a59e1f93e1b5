/** Transactions aborted at every request and every commit of a small workload, in a real browser: an error or the data, never neither. */
import { expect, test } from 'vitest'
import type { ChromiumOptions } from './chromium.ts'
import type { Page } from './page.ts'
import type { Abort, Outcome } from './pages/aborting.ts'
import { indexedDbBackend } from './profile.ts'
import { useRig } from './rig.ts'

const rig = useRig(['pages/aborting.ts'])

async function openPage(options: ChromiumOptions): Promise<Page> {
  const page = await (await rig.start(options)).openPage(`${rig.origin}/`)
  await page.evaluate("import('/aborting.js').then(() => undefined)")
  return page
}

const abortAt = (page: Page, abort: Abort) => page.evaluate<Outcome>(`aborting.abortAt(${JSON.stringify(abort)})`)

test.each([
  { at: 'request', backend: 'leveldb', least: 20 },
  { at: 'commit', backend: 'sqlite', least: 10 },
] as const)('an abort at any $at is an error to its caller, or the data is there ($backend)', async (given) => {
  const { at, backend, least } = given
  const profile = rig.newProfile()
  const page = await openPage({ profile, hasSqliteIndexedDb: backend === 'sqlite' })
  expectUnharmed(await abortAt(page, { at, point: 0 }))
  let struck = 0
  let refusals = 0
  // How many there are differs by one or two from run to run: the first one that is not reached is the end.
  for (;;) {
    const outcome = await abortAt(page, { at, point: struck + 1 })
    if (!outcome.hasStruck) {
      expectUnharmed(outcome)
      expect(outcome.points).toBeLessThanOrEqual(struck)
      break
    }
    struck += 1
    examine(outcome, `${at} ${struck}`)
    refusals += outcome.refused.length + outcome.failures.length
  }
  expect(struck).toBeGreaterThan(least)
  expect(refusals).toBeGreaterThan(0)
  await page.evaluate('aborting.leave()')
  expect(indexedDbBackend(profile)).toBe(backend)
  console.log(`aborts at each of ${struck} ${at}s, ${backend}: ${refusals} calls were told`)
})

function expectUnharmed(outcome: Outcome) {
  expect(outcome).toMatchObject({ hasStruck: false, refused: [], failures: [], rows: [1, 2, 3, 4, 5] })
}

function examine({ abortsHeard, acknowledged, refused, failures, rows, integrity }: Outcome, where: string) {
  expect(abortsHeard, where).toBe(1)
  expect(rows, `${where}: acknowledged ${acknowledged.join()}`).toEqual(expect.arrayContaining([...acknowledged]))
  const begun = [...acknowledged, ...refused.map(({ row }) => row)]
  expect(begun, `${where}: begun`).toEqual(expect.arrayContaining([...rows]))
  for (const { row, outcome } of refused) if (outcome !== 'unknown') expect(rows, where).not.toContain(row)
  expect(integrity, where).toBe('ok')
  expect(rows.length === 5 || refused.length + failures.length > 0, `${where}: an error or the data`).toBe(true)
}
