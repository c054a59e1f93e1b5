/**
 * A connection to IndexedDB that is closed under writes while its data stay, as a browser does when its own files fail it. Chromium has a
 * page for that, chrome://indexeddb-internals: there the close, the transactions that it aborts and the event are the browser's own. Its
 * headless shell has no such page: there, and in the test that says so, the page closes the connection and dispatches the event.
 */
import { expect, test } from 'vitest'
import type { Chromium } from './chromium.ts'
import type { Page } from './page.ts'
import type { ClosedConnection } from './pages/closable.ts'
import type { Told } from './pages/writer.ts'
import { indexedDbBackend } from './profile.ts'
import { useRig } from './rig.ts'
import { WriterPage } from './writer-page.ts'

const rig = useRig(['pages/writer.ts', 'pages/closable.ts'])
const STORED = 'closed'
/** In the page, whose connections can be seen. */
const options = { storage: 'indexeddb', worker: false, wasmUrl: '/wa-sqlite.wasm' } as const
/** A close that comes between two commits fails nobody. */
const CLOSES_MAX = 10

const hasInternals = ({ version }: Chromium) => !version.startsWith('Headless')
const connectionsOf = ({ page }: WriterPage) => page.evaluate<ClosedConnection[]>('closable.connections()')
const closeByPage = ({ page }: WriterPage) => page.evaluate<void>('closable.closeLast()')

async function closeByBrowser(internals: Page) {
  await internals.reload()
  const buttons = "document.querySelectorAll('.force-close')"
  await expect.poll(() => internals.evaluate(`${buttons}.length`), { timeout: 10_000 }).toBe(1)
  await internals.evaluate(`${buttons}[0].click()`)
}

test.each([
  { how: 'as a page can', backend: 'leveldb', isWhole: false },
  { how: 'by the browser, if it can', backend: 'leveldb', isWhole: true },
  { how: 'by the browser, if it can', backend: 'sqlite', isWhole: true },
] as const)(
  'a connection that is closed $how is opened again, and all that was acknowledged is there ($backend)',
  async ({ backend, isWhole }) => {
    const profile = rig.newProfile()
    const chromium = await rig.start({ profile, isWhole, hasSqliteIndexedDb: backend === 'sqlite' })
    const page = await WriterPage.open(chromium, rig.origin)
    await page.page.evaluate("import('/closable.js').then(() => undefined)")
    await page.openWitnessed(STORED, options)
    const before = await connectionsOf(page)
    await page.start({ inFlight: 5, durability: 'strict' }, { after: 0 })
    await page.until(20)

    const isByBrowser = isWhole && hasInternals(chromium)
    const internals = isByBrowser ? await chromium.openPage('chrome://indexeddb-internals') : undefined
    let closes = 0
    while (page.failures.length === 0 && closes < CLOSES_MAX) {
      await (internals === undefined ? closeByPage(page) : closeByBrowser(internals))
      closes++
      await expect.poll(() => connectionsOf(page), { timeout: 10_000 }).toHaveLength(before.length + closes)
      const { acknowledgements } = page
      await expect.poll(() => page.acknowledgements, { timeout: 10_000 }).toBeGreaterThan(acknowledgements + 20)
    }
    await page.page.evaluate('writer.stop()')
    const closed = isByBrowser ? { byBrowser: 1, byPage: 0 } : { byBrowser: 0, byPage: 1 }
    const connections = await connectionsOf(page)
    expect(connections.slice(before.length - 1)).toEqual([
      ...Array.from({ length: closes }, () => closed),
      { byBrowser: 0, byPage: 0 },
    ])
    await expectGoneOn(page)

    await page.page.close()
    const another = await WriterPage.open(chromium, rig.origin)
    expect(await another.openStore(STORED, options)).toBe('existing')
    const transactions = page.acknowledgements
    expect(await another.examine({ refused: page.refused })).toEqual({ transactions, integrity: 'ok', torn: [] })
    expect(indexedDbBackend(profile)).toBe(backend)
    console.log(
      `closed ${closes} times by the ${isByBrowser ? 'browser' : 'page'}, ${backend}: ${transactions} transactions`,
    )
  },
)

/**
 * What was on its way has failed, and nothing else. It is made void before anything else is written: if the browser is not yet ready for
 * that when it is tried first, its callers are told that the outcome is unknown, and yet it is not there.
 */
async function expectGoneOn(page: WriterPage) {
  expect(page.failures).not.toEqual([])
  for (const failure of page.failures) expect(failure).toMatch(/: STORAGE_FAILED$/)
  expect(page.acknowledgements + page.refused.length).toBe(page.begun)
  expect(await page.page.evaluate('writer.end()')).toBe('done')
  const { failures } = await page.page.evaluate<Told>('writer.heard()')
  expect(new Set(failures)).toEqual(new Set(['STORAGE_FAILED']))
}
