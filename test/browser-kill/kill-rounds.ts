/**
 * Lives of a page that writes, each ended by a kill in the middle of it:
 *
 *   open ─▶ compare with what was acknowledged ─▶ write on ─▶ kill at a seeded moment ─▶ open …
 *
 * What is compared: nothing acknowledged is missing, no transaction is torn, none is there that was not begun. A browser may throw a
 * whole IndexedDB away: then that is said, counted, and the next life starts with nothing.
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { WriterRun } from './pages/writer.ts'
import type { WriterPage } from './writer-page.ts'

export const ROUNDS = Number(process.env['DATASYNC_TEST_KILLS'] ?? 10)
export const LEVEL = (process.env['DATASYNC_TEST_LEVEL'] ?? 'strict') as WriterRun['durability']
export const SEED = Number(process.env['DATASYNC_TEST_SEED'] ?? Date.now() % 1_000_000)

export interface Killing {
  readonly storage: 'opfs' | 'indexeddb'
  /** A page in which nothing was done yet, in a browser that has the profile of the one before. */
  nextPage(): Promise<WriterPage>
  /** Ends the page, or all of its browser. */
  kill(page: WriterPage): Promise<unknown>
}

export interface Figures {
  rounds: number
  /** Told before the page died. */
  acknowledged: number
  /** Told to be begun and not to be acknowledged, when the kill was sent. */
  inFlight: number
  /** There afterwards: everything acknowledged, and of what was in flight what had arrived. */
  recovered: number
  /** Whole stores that the browser had thrown away, and said so. */
  lostStores: number
  /** Acknowledged at a level that bears it, and gone. */
  lostTransactions: number
}

export const media = [
  { medium: 'OPFS', storage: 'opfs', backend: undefined },
  { medium: 'IndexedDB over LevelDB', storage: 'indexeddb', backend: 'leveldb' },
  { medium: 'IndexedDB over SQLite', storage: 'indexeddb', backend: 'sqlite' },
] as const

/** Of one test, on a machine that is busy with others. */
export const timeout = ROUNDS * 10_000 + 30_000

const moments = fc.record({
  afterAcknowledgements: fc.integer({ min: 1, max: 40 }),
  delayMs: fc.integer({ min: 0, max: 40 }),
  inFlight: fc.integer({ min: 2, max: 12 }),
})

const NAME = 'killed'

export async function killRounds(killing: Killing): Promise<Figures> {
  const { storage, nextPage, kill } = killing
  const figures = { rounds: 0, acknowledged: 0, inFlight: 0, recovered: 0, lostStores: 0, lostTransactions: 0 }
  let before: Life | undefined
  for (const moment of fc.sample(moments, { numRuns: ROUNDS, seed: SEED })) {
    const where = `round ${figures.rounds}, seed ${SEED}`
    const page = await nextPage()
    const start = await compare(page, { storage, before, figures, where })
    await page.start({ inFlight: moment.inFlight, durability: LEVEL }, { after: start })
    await page.until(moment.afterAcknowledgements)
    await new Promise((resolve) => setTimeout(resolve, moment.delayMs))
    await page.until(moment.afterAcknowledgements)
    const { begun, acknowledged } = page
    await kill(page)
    expect(acknowledged, where).toBeGreaterThan(start)
    expect(begun, `${where}: in flight`).toBeGreaterThan(acknowledged)
    expect(page.failures, where).toEqual([])
    figures.rounds++
    figures.inFlight += begun - acknowledged
    before = { page, start }
  }
  await compare(await nextPage(), { storage, before, figures, where: `the end, seed ${SEED}` })
  return figures
}

interface Life {
  readonly page: WriterPage
  /** The last transaction that was there when it began. */
  readonly start: number
}

interface Comparison {
  readonly storage: Killing['storage']
  readonly before: Life | undefined
  readonly figures: Figures
  readonly where: string
}

/** Returns the last transaction that is there. */
async function compare(page: WriterPage, { storage, before, figures, where }: Comparison): Promise<number> {
  const found = await page.openStore(NAME, { storage, recovery: { verify: 'full' } })
  if (before === undefined) return begin(page, { found, storage, where })
  // The last words of the dead have arrived by now.
  const { acknowledged, acknowledgements, allowed } = before.page
  figures.acknowledged += acknowledgements
  if (found === 'STORE_LOST') {
    expect(storage, where).toBe('indexeddb')
    figures.lostStores++
    const anew = await page.openStore(NAME, { storage, recovery: { onLost: 'open' } })
    return begin(page, { found: anew, storage, where })
  }
  expect(found, where).toBe('existing')
  const { transactions, integrity, torn } = await page.examine()
  expect(torn, where).toEqual([])
  expect(integrity, where).toBe('ok')
  expect(transactions, `${where}: begun`).toBeLessThanOrEqual(allowed)
  if (LEVEL === 'deferred') figures.lostTransactions += Math.max(0, acknowledged - transactions)
  else expect(transactions, `${where}: acknowledged`).toBeGreaterThanOrEqual(acknowledged)
  figures.recovered += transactions - before.start
  return transactions
}

/** A store with its tables, closed once in good order: its witness has seen it. */
async function begin(
  page: WriterPage,
  { found, storage, where }: { readonly found: string; readonly storage: Killing['storage']; readonly where: string },
): Promise<number> {
  expect(found, where).toBe('created')
  await page.prepare()
  await page.close()
  expect(await page.openStore(NAME, { storage }), where).toBe('existing')
  return 0
}

export const told = (what: string, figures: Figures): string =>
  `${what} at ${LEVEL}: ${figures.rounds} kills, ${figures.acknowledged} acknowledged, ${figures.inFlight} in flight, ` +
  `${figures.recovered} recovered, ${figures.lostStores} stores lost and said so, seed ${SEED}`
