/** A page that led, stood still while another one took over, and does not know: what it is told meanwhile is the first that it does. */
import { expect } from 'vitest'
import { limits } from '../../src/limits.ts'
import { type Frozen, isAnswered, leaderOf, untilOneLeads } from './hurt.ts'
import type { MemberPage } from './member-page.ts'
import { goOnAndCompare } from './writers.ts'

/** How a call ended. */
interface End {
  /** 'done', or that of its error. */
  readonly code: string
  /** 'none': for certain. */
  readonly outcome: string
  /** From the call on, by the page's clock. */
  readonly tookMs: number
}

type Ends = { readonly [call in 'query' | 'exec' | 'forceSync' | 'close']?: End }

export interface Waking {
  readonly others: readonly MemberPage[]
  readonly closes: boolean
}

/**
 * Others lead and write. It is told to read, to write, to make a table, to sync, to close; then it runs again. Each call ends in time, is
 * answered by who leads or says why not, and nothing old is shown. What it may have done to the store is for `compareAnew` and
 * `compareTables` to see.
 */
export async function wakeZombie(page: MemberPage, { wake }: Frozen, { others, closes }: Waking): Promise<Ends> {
  const asked = askAtOnce(page, closes)
  await leaderOf(others).run((member) => member.db().exec('CREATE TABLE meanwhile (v)'))
  await Promise.all(others.map((other) => other.untilMore(10)))
  expect(await isAnswered(asked), 'it stands still').toBe(false)
  expect(page.leads, 'it does not know').toBe(true)
  const acknowledged = [page, ...others].reduce((sum, one) => sum + one.acknowledged.size, 0)
  await wake()
  const { counted, epoch, ends } = await asked
  console.log(`its first acts: ${JSON.stringify(ends)}`)
  for (const [call, { code, tookMs }] of Object.entries(ends)) {
    expect(['done', 'LEASE_LOST', ...(closes ? ['DATABASE_CLOSED'] : [])], call).toContain(code)
    expect(tookMs, call).toBeLessThan(limits.requestDeadlineMs)
  }
  if (ends.query?.code === 'done') expect(counted, 'nothing old').toBeGreaterThanOrEqual(acknowledged)
  if (ends.forceSync?.code === 'done') expect(epoch).toBe(leaderOf(others).status?.epoch)
  return ends
}

/**
 * Who leads has in memory what it wrote, whatever lies on the medium: it crashes while all write, and the next one reads all anew. Returns
 * who is left.
 */
export async function compareAnew(all: readonly MemberPage[]): Promise<readonly MemberPage[]> {
  await Promise.all(all.map((page) => page.untilMore(10)))
  const leader = leaderOf(all)
  await leader.crash()
  const rest = all.filter((page) => page !== leader)
  await untilOneLeads(rest)
  await goOnAndCompare(rest, all)
  return rest
}

/** What was made is there; what was refused for certain is not. */
export async function compareTables(pages: readonly MemberPage[], { exec }: Ends): Promise<void> {
  for (const page of pages) {
    const tables = await tablesOf(page)
    expect(tables).toContain('meanwhile')
    if (exec?.outcome === 'none') expect(tables.includes('woken')).toBe(exec.code === 'done')
  }
}

/** All in one go, before it has an answer to anything. The rows tell of their own ends. */
const askAtOnce = (
  page: MemberPage,
  closes: boolean,
): Promise<{ readonly counted: number; readonly epoch: number; readonly ends: Ends }> =>
  page.run(
    async (member, given) => {
      const db = member.db()
      const found = { counted: -1, epoch: -1 }
      const endOf = async (work: () => Promise<unknown>): Promise<End> => {
        const beganMs = performance.now()
        const told = await member.attempt(work)
        const { code, outcome = 'none' } = told === 'done' ? { code: told } : told
        return { code, outcome, tookMs: performance.now() - beganMs }
      }
      const query = endOf(async () => {
        const [row] = await db.query<{ n: number }>('SELECT count(*) AS n FROM entry')
        found.counted = row?.n ?? -1
      })
      const rows = member.writeRows(given.page, 5)
      const exec = endOf(() => db.exec('CREATE TABLE woken (v)'))
      const forceSync = endOf(async () => (found.epoch = (await db.forceSync()).epoch))
      const close = given.closes ? { close: await endOf(() => db.close()) } : {}
      await rows
      const ends = { query: await query, exec: await exec, forceSync: await forceSync, ...close }
      return { ...found, ends }
    },
    { page: page.number, closes },
  )

const tablesOf = (page: MemberPage): Promise<readonly string[]> =>
  page.run(async (member) => {
    const tables = await member.db().query<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return tables.map(({ name }) => name)
  })
