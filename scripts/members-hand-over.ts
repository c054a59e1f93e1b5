/** How long nobody can write when the leader goes: from what happens to it until the next leader has acknowledged a row. */
import type { MemberPage } from '../test/browser-tabs/member-page.ts'
import { countOrCode, freezes, isAnswered, untilStill } from '../test/browser-tabs/hurt.ts'
import { until } from '../test/browser-tabs/until.ts'
import { type MakePage, newName, openAll } from './members-pages.ts'

export interface End {
  readonly what: string
  readonly storage: 'opfs' | 'indexeddb'
  /** What median and worst are to be. */
  readonly target: { readonly medianMs: number; readonly worstMs: number }
  /** Nobody writes while it happens: what stands still inside a transaction keeps the store. */
  readonly isQuiet?: boolean
  readonly happen: (leader: MemberPage) => Promise<unknown>
}

export interface HandOver {
  readonly end: End
  readonly times: readonly number[]
}

const clean = { medianMs: 200, worstMs: 1000 }
const crash = { medianMs: 500, worstMs: 2000 }
const frozen = { medianMs: 6000, worstMs: 6000 }

export const ends: readonly End[] = [
  ...(['indexeddb', 'opfs'] as const).flatMap((storage): End[] => [
    {
      what: 'the database is closed',
      storage,
      target: clean,
      happen: (leader) => leader.run((member) => member.db().close()),
    },
    { what: 'the page is closed', storage, target: clean, happen: (leader) => leader.close() },
    { what: 'the page crashes', storage, target: crash, happen: (leader) => leader.page.crash() },
  ]),
  {
    what: 'the page is frozen',
    storage: 'indexeddb',
    target: frozen,
    isQuiet: true,
    happen: (leader) => freezes.frozen(leader),
  },
]

/** Two pages follow. One of them writes row after row. */
export async function measureHandOver(makePage: MakePage, end: End, rounds: number): Promise<HandOver> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const pages = [await makePage(), await makePage(), await makePage()] as const
    await openAll(pages, newName(), end.storage)
    // As pages that have been open for a while.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    times.push(await timeOf(end, pages))
    for (const page of pages) await page.end()
  }
  return { end, times }
}

async function timeOf(
  { isQuiet = false, happen }: End,
  pages: readonly [MemberPage, MemberPage, MemberPage],
): Promise<number> {
  const [leader, writer] = pages
  if (isQuiet) {
    await writer.writeRows(1)
    await leader.run((member) => member.db().checkpoint())
  } else {
    await writer.start({ inFlight: 1 })
    await writer.untilMore(10)
  }
  const startMs = performance.now()
  const happened = happen(leader)
  if (isQuiet) {
    await happened
    await untilStill(leader)
    await writer.start({ inFlight: 1 })
  }
  // A row says by its receipt in whose reign it was acknowledged.
  await until('the next one acknowledges', () => writer.epoch > 1, 30_000).catch(async (error: unknown) => {
    const told = await Promise.all(
      pages.map(
        async (page) =>
          `${(await isAnswered(countOrCode(page))) ? 'goes on' : 'stands still'}, ${JSON.stringify(page.status)}, ${page.acknowledged.size} rows`,
      ),
    )
    throw new Error(`${String(error)}; ${told.join('; ')}`, { cause: error })
  })
  const ms = performance.now() - startMs
  if (isQuiet) await untilStill(leader)
  await happened
  await writer.stop()
  return ms
}
