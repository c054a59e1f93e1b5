/** What is done to a page, and how it is seen to have happened. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Chromium } from '../browser-kill/chromium.ts'
import { processesOf } from '../browser-kill/processes.ts'
import type { MemberPage } from './member-page.ts'
import { staysSame, until } from './until.ts'

/** Stands still; `wake` lets it go on. */
export interface Frozen {
  wake(): Promise<void>
}

/** Ways to make a page and its worker stand still with all that they hold. */
export const freezes = {
  /** As the browser does it to tabs in the background. */
  async frozen(page: MemberPage): Promise<Frozen> {
    await page.page.freeze()
    return { wake: () => page.page.thaw() }
  },
  /** As the system does it to a process: nothing of it runs, not even what answers the browser. */
  async stopped(page: MemberPage, chromium: Chromium): Promise<Frozen> {
    const pid = await oneByOne(() => processOf(page, chromium))
    process.kill(pid, 'SIGSTOP')
    return {
      wake() {
        process.kill(pid, 'SIGCONT')
        return Promise.resolve()
      },
    }
  },
} as const

/** Nothing is told for so long, in which a page that runs tells of hundreds of rows, or again and again that its worker stalls. Bounded. @throws when it goes on */
export async function standsStill(page: MemberPage, ms = 700): Promise<void> {
  const value = () => [page.begun.size, page.acknowledged.size, page.refused.size, page.stalls]
  for (let tries = 0; tries < 5; tries += 1) if (await staysSame(value, ms)) return
  throw new Error(`page ${page.number} goes on`)
}

/** How many rows there are, or the code of the error. */
export const countOrCode = (page: MemberPage): Promise<number | string> =>
  page.run(async (member) => {
    const found = { n: 0 }
    const told = await member.attempt(async () => {
      const [row] = await member.db().query<{ n: number }>('SELECT count(*) AS n FROM entry')
      found.n = row?.n ?? 0
    })
    return told === 'done' ? found.n : told.code
  })

/** Within a moment. A page that is frozen still evaluates what it is told to; its database does not answer. */
export const isAnswered = (asked: Promise<unknown>): Promise<boolean> =>
  Promise.race([asked.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 300, false))])

/**
 * A worker stops some milliseconds after its page, in the middle of whatever it does: inside a transaction, if it has one open, and then it
 * keeps the store. So it is asked for its metrics, which need none. @throws when it goes on
 */
export async function untilStill(page: MemberPage): Promise<void> {
  const ask = () =>
    page.run(
      (member) =>
        new Promise<void>((resolve) => {
          const subscription = member.db().metrics$.subscribe(() => {
            resolve()
            queueMicrotask(() => subscription.unsubscribe())
          })
        }),
    )
  for (let tries = 0; tries < 10; tries += 1) if (!(await isAnswered(ask()))) return
  throw new Error(`page ${page.number} goes on`)
}

let finding: Promise<unknown> = Promise.resolve()

/** Of two processes that grow at once nobody could tell whose is whose. */
function oneByOne<T>(find: () => Promise<T>): Promise<T> {
  const found = finding.then(find)
  finding = found.catch(() => undefined)
  return found
}

/** The process of a page: the one that has so many more threads of workers when the page starts them. Threads of other kinds come and go. */
async function processOf(page: MemberPage, chromium: Chromium): Promise<number> {
  const before = new Map(renderersOf(chromium).map((pid) => [pid, workersOf(pid)]))
  await page.run((member, count) => member.crowd(count), WORKERS)
  const grown = renderersOf(chromium).filter((pid) => workersOf(pid) - (before.get(pid) ?? Infinity) >= WORKERS)
  const [pid, ...others] = grown
  if (pid === undefined || others.length > 0) throw new Error(`of page ${page.number} may be: ${grown.join(', ')}`)
  await page.run((member) => member.crowd(0))
  return pid
}

const WORKERS = 12

const renderersOf = (chromium: Chromium): readonly number[] =>
  processesOf(chromium.group).filter((pid) => procFile(pid, 'cmdline').includes('--type=renderer'))

const workersOf = (pid: number): number =>
  tasksOf(pid).filter((task) => procFile(pid, `task/${task}/comm`).startsWith('DedicatedWorker')).length

/** Empty when it has ended. */
function tasksOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Empty when it has ended. */
function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

export const leaderOf = (pages: readonly MemberPage[]): MemberPage => {
  const [leader, ...others] = pages.filter((page) => page.leads)
  if (leader === undefined || others.length > 0)
    throw new Error(`${others.length + (leader === undefined ? 0 : 1)} lead`)
  return leader
}

export const untilOneLeads = (pages: readonly MemberPage[], boundMs?: number): Promise<void> =>
  until(
    'one leads and the others follow',
    () => pages.filter((page) => page.leads).length === 1 && pages.every((page) => page.leads || page.follows),
    boundMs,
  )
