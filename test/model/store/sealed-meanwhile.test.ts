/**
 * A checkpoint of everything seals the segment of a commit that is behind its barrier and not confirmed; then the epoch cannot be read,
 * and the commit is made void. At every turn of the checkpoint: what the void says is what there is, in the open store and after any
 * power loss, and the store goes on.
 */
import { expect, test } from 'vitest'
import { isDatabaseError } from '../../../src/errors.ts'
import { type CrashPoint, eachImage } from '../crash-images.ts'
import { recover, type Recovered } from '../crash/crash-checker.ts'
import { type History, judge, lastState } from '../reference.ts'
import { SimDisk } from '../sim-disk.ts'
import { type DiskImage, hashOfDisk } from '../sim-image.ts'
import { type Step, StoreWorld } from '../store-world.ts'

interface Case {
  readonly before: readonly Step[]
  /** Else only sealed segments are folded, and the header says how far the log is durable. */
  readonly everything: boolean
}

interface Moment {
  readonly point: CrashPoint
  readonly history: History
}

interface Run {
  /** The checkpoint was still going on when the epoch could not be read. */
  readonly isDuring: boolean
  /** A segment had been begun by it. */
  readonly isSealed: boolean
  readonly isKept: boolean
  readonly moments: readonly Moment[]
  readonly history: History
}

const begins = (disk: SimDisk) => disk.trace.filter(({ kind, name, at }) => isLog(name) && kind === 'write' && at === 0)
const isLog = (name: string) => name.startsWith('log-')

/** The epoch cannot be read after that many turns of the checkpoint. */
async function run({ before, everything }: Case, turns: number): Promise<Run> {
  const world = new StoreWorld(new SimDisk())
  await world.open()
  for (const step of before) await world.do(step)
  const { disk, store } = world
  await world.append(world.groupFor('two'))
  await store.barrier({ mayWait: false })
  const begun = begins(disk).length
  let isDone = false
  const folding = store.checkpoint({ everything }).finally(() => {
    isDone = true
  })
  const folded = folding.catch((error: unknown) => error)
  for (let turn = 0; turn < turns; turn++) await Promise.resolve()
  const isDuring = !isDone
  const isSealed = begins(disk).length > begun
  disk.setFault({ nth: 1, name: 'header', kinds: ['read'], isLasting: false, error: 'EIO' })
  await expect(world.confirm()).rejects.toMatchObject({ outcome: 'unknown' })
  const moments: Moment[] = []
  disk.onChange = () => moments.push({ point: disk.crashPoint(), history: world.history })
  const committed = lastState(world.history).txid
  await world.voidAfterFailure()
  const failure: unknown = await folded
  if (failure instanceof Error && !isDatabaseError(failure)) throw failure
  const isKept = store.positions.writtenTxid >= committed
  expect(judge(world.observe(), { ...world.history, durableTxid: lastState(world.history).txid })).toBeUndefined()
  moments.push({ point: disk.crashPoint(), history: world.history })
  for (const step of ['one', 'checkpoint'] as const) await world.do(step)
  moments.push({ point: disk.crashPoint(), history: world.history })
  disk.powerOff()
  return { isDuring, isSealed, isKept, moments, history: world.history }
}

const known = new Map<string, Recovered>()

async function violationsOf(moments: readonly Moment[]): Promise<readonly string[]> {
  const violations: string[] = []
  for (const [at, { point, history }] of moments.entries()) {
    const images = new Map<string, DiskImage>()
    eachImage(point, { damagedMax: 1, crossedMax: 3 }, (image) => images.set(hashOfDisk(image), image))
    for (const [hash, image] of images) {
      const recovered = known.get(hash) ?? (await recover(image))
      known.set(hash, recovered)
      const violation = recovered.state === undefined ? undefined : judge(recovered.state, history)
      if (recovered.state === undefined || violation !== undefined)
        violations.push(`moment ${at}: ${recovered.error ?? violation?.message}`)
    }
  }
  return violations
}

const many: readonly Step[] = Array.from({ length: 8 }, () => 'one')
const cases: readonly Case[] = [
  { before: [], everything: true },
  { before: ['one', 'relaxed'], everything: true },
  { before: ['two', 'checkpoint', 'one'], everything: true },
  { before: many, everything: true },
  { before: many, everything: false },
]

test.each(cases)(
  'everything: $everything, after $before',
  async (one) => {
    const seen = new Set<string>()
    for (let turns = 0; ; turns++) {
      const { isDuring, isSealed, isKept, moments } = await run(one, turns)
      expect(await violationsOf(moments), `${turns} turns`).toEqual([])
      seen.add(`${isSealed ? 'sealed' : 'not sealed'}, ${isKept ? 'kept' : 'void'}`)
      if (!isDuring) break
    }
    console.log(`${one.before.join(' ')}: ${[...seen].join('; ')}`)
    expect([...seen]).toContain(one.everything ? 'sealed, void' : 'not sealed, void')
  },
  600_000,
)
