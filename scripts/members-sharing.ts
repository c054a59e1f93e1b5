/** What it costs to follow: one row at a time against the leader's own, and many pages at once against one. On IndexedDB, strict. */
import type { MemberPage } from '../test/browser-tabs/member-page.ts'
import { type MakePage, newName, openAll } from './members-pages.ts'

export interface Sharing {
  /** Medians of each round, in turn in one database. */
  readonly rowMs: { readonly leader: readonly number[]; readonly follower: readonly number[] }
  /** Of each round: a thousand rows wanted at once of the leader, and a hundred of each of ten pages that follow. */
  readonly manyMs: { readonly leader: readonly number[]; readonly followers: readonly number[] }
}

const FOLLOWERS = 10
const ROWS = 1000

export async function measureSharing(makePage: MakePage, { rounds }: { readonly rounds: number }): Promise<Sharing> {
  const leader = await makePage()
  const followers: MemberPage[] = []
  while (followers.length < FOLLOWERS) followers.push(await makePage())
  const [first] = followers
  if (first === undefined) throw new Error('there are followers')
  await openAll([leader, ...followers], newName(), 'indexeddb')
  const rowMs = { leader: [] as number[], follower: [] as number[] }
  const manyMs = { leader: [] as number[], followers: [] as number[] }
  // Compilers are as warm on every side as the leader's are after one round of its own.
  for (const page of [leader, ...followers]) await timeMany([page], ROWS)
  for (let round = 0; round < rounds; round += 1) {
    rowMs.leader.push(await timeRow(leader))
    rowMs.follower.push(await timeRow(first))
    manyMs.leader.push(await timeMany([leader], ROWS))
    manyMs.followers.push(await timeMany(followers, ROWS / FOLLOWERS))
  }
  for (const page of [...followers, leader]) await page.end()
  return { rowMs, manyMs }
}

/** Median of rows written one after the other. */
const timeRow = (page: MemberPage): Promise<number> =>
  page.run(async (member, count) => {
    const times: number[] = []
    for (let n = 0; n < count; n += 1) {
      const startMs = performance.now()
      await member.db().exec('INSERT INTO entry (page, n) VALUES (?, ?)', [0, n])
      times.push(performance.now() - startMs)
    }
    return times.sort((a, b) => a - b)[Math.floor(count / 2)] ?? NaN
  }, 60)

/**
 * From the first that begins to the last that ends, by the pages' clocks. They wait for a word of one of them: timers of pages that nobody
 * looks at come seconds late, and who looks at a clock again and again takes the processor from those who work.
 */
async function timeMany(pages: readonly MemberPage[], rows: number): Promise<number> {
  const all = pages.map((page) =>
    page.run(async (member, count) => {
      const word = new BroadcastChannel('begin')
      await new Promise((resolve) => word.addEventListener('message', resolve, { once: true }))
      word.close()
      const startMs = member.nowMs()
      const writes = Array.from({ length: count }, (_, n) =>
        member.db().exec('INSERT INTO entry (page, n) VALUES (?, ?)', [1, n]),
      )
      await Promise.all(writes)
      return { startMs, endMs: member.nowMs() }
    }, rows),
  )
  // Each has heard what was asked of it before, and listens.
  for (const page of pages) await page.run(() => undefined)
  await firstOf(pages).run(() => new BroadcastChannel('begin').postMessage('now'))
  const times = await Promise.all(all)
  return Math.max(...times.map(({ endMs }) => endMs)) - Math.min(...times.map(({ startMs }) => startMs))
}

function firstOf(pages: readonly MemberPage[]): MemberPage {
  const [first] = pages
  if (first === undefined) throw new Error('there are pages')
  return first
}
