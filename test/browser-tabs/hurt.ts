/** What is done to a page, and how it is seen to have happened. */
import { readFileSync } from 'node:fs'
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
    const pid = await processOf(page, chromium)
    process.kill(pid, 'SIGSTOP')
    return {
      wake() {
        process.kill(pid, 'SIGCONT')
        return Promise.resolve()
      },
    }
  },
} as const

/** Nothing is told for so long, in which a page that runs tells of hundreds of rows. Bounded. @throws when it goes on */
export async function standsStill(page: MemberPage, ms = 700): Promise<void> {
  const value = () => [page.begun.size, page.acknowledged.size, page.refused.size]
  for (let tries = 0; tries < 5; tries += 1) if (await staysSame(value, ms)) return
  throw new Error(`page ${page.number} goes on`)
}

/** The process of a page: the one that works when the page is kept busy. */
async function processOf(page: MemberPage, chromium: Chromium): Promise<number> {
  const renderers = processesOf(chromium.group).filter(isRenderer)
  const before = new Map(renderers.map((pid) => [pid, ticksOf(pid)]))
  const worked = (pid: number) => ticksOf(pid) - (before.get(pid) ?? 0)
  const busy = () => renderers.filter((pid) => worked(pid) >= 15)
  while (busy().length === 0) await page.run((member) => member.spin(50))
  const [pid, ...others] = busy()
  if (pid === undefined || others.length > 0) throw new Error(`the processes ${busy().join(', ')} all work`)
  return pid
}

const isRenderer = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--type=renderer')

/** Of the processor's time, in hundredths of a second. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
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
