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
  // Compilers are warm on every side before anything counts.
  for (const page of [leader, ...followers]) await timeMany([page], 100)
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

/** From the moment at which all begin to the last that ends, by the pages' clocks. Who waits for that moment leaves the processors alone. */
async function timeMany(pages: readonly MemberPage[], rows: number): Promise<number> {
  const startAtMs = await firstOf(pages).run((member) => member.nowMs() + 150)
  const ends = await Promise.all(
    pages.map((page) =>
      page.run(
        async (member, given) => {
          await new Promise((resolve) => setTimeout(resolve, given.startAtMs - member.nowMs()))
          await Promise.all(
            Array.from({ length: given.rows }, (_, n) =>
              member.db().exec('INSERT INTO entry (page, n) VALUES (?, ?)', [1, n]),
            ),
          )
          return member.nowMs()
        },
        { startAtMs, rows },
      ),
    ),
  )
  return Math.max(...ends) - startAtMs
}

function firstOf(pages: readonly MemberPage[]): MemberPage {
  const [first] = pages
  if (first === undefined) throw new Error('there are pages')
  return first
}
