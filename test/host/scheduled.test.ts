/**
 * Beyond what can be walked: members that ship, over a channel whose every delivery a scheduler decides. Between two leaders, and whatever
 * else happens to them, each request is applied once, in the order of its member, and answered.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { limits } from '../../src/limits.ts'
import { isLong, randomRuns } from '../model/replay.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { Switchboard } from './scheduled/channel.ts'
import { Leader, type World } from './scheduled/leader.ts'
import { Medium } from './scheduled/medium.ts'
import { FollowingMember } from './scheduled/member.ts'

const testName = 'scheduled-members'

/** cut: the connections of the leader end, and it goes on. Most often nothing happens, so that work goes on meanwhile. */
const troubles = ['nothing', 'nothing', 'nothing', 'beat', 'stands still', 'cut'] as const
const changes = ['dies', 'is superseded', 'resigns'] as const
type Happening = (typeof troubles)[number] | (typeof changes)[number]

interface History {
  readonly s: fc.Scheduler
  /** How many requests each member has. */
  readonly requests: readonly number[]
  readonly happenings: readonly (readonly Happening[])[]
}

const some = fc.array(fc.constantFrom(...troubles), { maxLength: 16, size: 'max' })
const history = fc.record<History>({
  s: fc.scheduler(),
  requests: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 3 }),
  happenings: fc.tuple(some, fc.tuple(fc.constantFrom(...changes)), some),
})

/** Beats until everybody is answered; far fewer than a deadline is long. */
const BEATS_MAX = 20
/** The leader changes once. */
const LAST_EPOCH = 2

describe(testName, () => {
  const tally = { histories: 0, asked: 0, lost: 0, known: 0, joined: 0 }

  test.each(randomRuns(testName, { usual: 300, long: 40_000 }))(
    'scheduled-members from seed $seed $path',
    async ({ replayPath: _, ...parameters }) => {
      await fc.assert(
        fc.asyncProperty(history, (one) => live(one)),
        parameters,
      )
    },
    isLong ? 3_600_000 : 60_000,
  )

  test.runIf(process.env['DATASYNC_REPLAY'] === undefined)('there was something to judge', () => {
    console.log(JSON.stringify(tally))
    expect(tally.lost).toBeGreaterThan(tally.histories)
    expect(tally.known).toBeGreaterThan(tally.histories / 10)
    expect(tally.joined).toBeGreaterThan(3 * tally.histories)
  })

  test('a leader that does not know what was applied is found', async () => {
    const property = fc.asyncProperty(history, (one) => live(one, { keepsTable: false }))
    const { failed, errorInstance } = await fc.check(property, { seed: 1, numRuns: 300, endOnFailure: true })
    expect(failed).toBe(true)
    expect(String(errorInstance)).toMatch(/applied once/)
  })

  async function live({ s, requests, happenings }: History, { keepsTable } = { keepsTable: true }): Promise<void> {
    const medium = new Medium({ keepsTable })
    const world: World = { s, clock: new ManualClock(), switchboard: new Switchboard(s), medium }
    const leaders: Leader[] = []
    await lead(world, leaders)
    const members = requests.map((count, at) => new FollowingMember(world, { name: `m${at}`, requests: count }))
    s.scheduleSequence(
      happenings.flat().map((what) => ({ label: what, builder: async () => happen(world, leaders, what) })),
    )
    const isSettled = () => members.every(({ isAnswered, epoch }) => isAnswered && epoch === LAST_EPOCH)
    for (let beats = 0; beats < BEATS_MAX && !isSettled(); beats++) {
      await s.waitIdle()
      world.clock.advance(limits.beatMs)
      for (const leader of leaders) leader.beat()
    }
    judge(medium, leaders, members)
    tally.histories += 1
    tally.asked += medium.log.length
    tally.lost += world.switchboard.lostCount
    tally.known += medium.knownCount
    tally.joined += members.reduce((sum, { joinedCount }) => sum + joinedCount, 0)
  }
})

function judge({ log }: Medium, leaders: readonly Leader[], members: readonly FollowingMember[]): void {
  expect(log.toSorted(), 'applied once').toEqual([...new Set(log)].toSorted())
  for (const { names, answers, failures, epoch } of members) {
    expect(failures).toEqual([])
    expect([...answers.keys()].toSorted(), 'everybody is answered').toEqual(names)
    for (const [name, txid] of answers) expect(log[txid - 1], 'its own answer').toBe(name)
    const own = log.filter((name) => names.includes(name))
    expect(own, 'in the order of its member').toEqual(names)
    expect(epoch, 'everybody follows who leads').toBe(LAST_EPOCH)
  }
  for (const { refusedCount } of [...leaders, ...members]) expect(refusedCount, 'nobody is a stranger').toBe(0)
}

async function lead(world: World, leaders: Leader[]): Promise<void> {
  const leader = new Leader(world)
  leaders.push(leader)
  await leader.begin()
}

/** The next one leads when the lock is free, or when the first was silent for too long and does not know it. */
function happen(world: World, leaders: Leader[], what: Happening): void {
  const leader = leaders.at(-1)
  if (what === 'beat') leader?.beat()
  if (what === 'stands still') leader?.stoodStill()
  if (what === 'cut') world.switchboard.cut(leader?.epoch ?? 0)
  if (what === 'resigns') void leader?.resign().then(() => lead(world, leaders))
  if (what === 'dies') leader?.die()
  if (what === 'dies' || what === 'is superseded') void lead(world, leaders)
}
