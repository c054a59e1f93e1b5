/** The workloads that every side can run: writers at once, writers in sequence, bulk insert, point reads. */
import { compare } from '../compare.mjs'
import { timeMs, withDirectory } from '../measure.mjs'
import { betterFull, betterNormal, floor, openOurs, ours, wasm } from '../sides.mjs'

/** @typedef {import('../run.mjs').Context} Context */

/** @param {Context} context */
export async function concurrentWriters(context) {
  const sections = []
  for (const writers of context.isQuick ? [1, 100] : [1, 10, 100, 1000]) {
    const samplesPerPass = Math.max(3, Math.round((context.isQuick ? 10 : 60) / Math.sqrt(writers)))
    sections.push(
      await compare(context, {
        title: `${writers.toLocaleString('en-US')} one-row ${writers === 1 ? 'writer' : 'concurrent writers'}, until all are acknowledged`,
        sides: [ours, betterFull, betterNormal, wasm],
        pass: (session) => repeat(samplesPerPass, () => session.insertAll(writers)),
        samplesPerPass,
        operationsPerSample: writers,
        operation: 'row',
        against: betterFull,
        isSpeed: true,
        ...(writers === 1000 ? { target: { side: ours, bound: 10 } } : {}),
      }),
    )
  }
  return sections
}

/** @param {Context} context */
export async function sequentialWriters(context) {
  const samplesPerPass = context.isQuick ? 50 : 300
  const warmUp = warmUpOf(context)
  const lowest = floor(await recordBytesOf(context.base))
  return [
    await compare(context, {
      title: `One-row writes in sequence, each awaited, after ${warmUp.toLocaleString('en-US')} others`,
      sides: [ours, lowest, betterFull, betterNormal, wasm],
      prepare: (session) => repeat(warmUp, session.insertOne),
      pass: (session) => repeat(samplesPerPass, session.insertOne),
      samplesPerPass,
      operationsPerSample: 1,
      operation: 'row',
      against: lowest,
      isSpeed: false,
      target: { side: ours, bound: 1.2 },
    }),
  ]
}

/** @param {Context} context */
export async function bulkInsert(context) {
  const rows = context.isQuick ? 10_000 : 100_000
  return [
    await compare(context, {
      title: `Bulk insert: ${rows.toLocaleString('en-US')} rows in one transaction`,
      sides: [ours, betterFull, betterNormal, wasm],
      pass: (session) => repeat(1, () => session.insertMany(rows)),
      samplesPerPass: 1,
      operationsPerSample: rows,
      operation: 'row',
      against: betterFull,
      isSpeed: true,
    }),
  ]
}

/** @param {Context} context */
export async function pointReads(context) {
  const [rows, readsPerSample, samplesPerPass] = context.isQuick ? [10_000, 100, 10] : [100_000, 100, 100]
  return [
    await compare(context, {
      title: `Point reads in sequence, each awaited (${rows.toLocaleString('en-US')} rows)`,
      sides: [ours, betterFull, wasm],
      prepare: (session) => session.insertMany(rows),
      pass: async (session) => {
        const next = scattered(rows)
        const samples = await repeat(samplesPerPass, async () => {
          for (let read = 0; read < readsPerSample; read++) await session.readOne(next())
        })
        return samples.map((ms) => ms / readsPerSample)
      },
      samplesPerPass,
      operationsPerSample: 1,
      operation: 'read',
      against: betterFull,
      isSpeed: true,
    }),
  ]
}

/** Commits before the first that is measured: the compiler is done with the path of a commit after about as many. @param {Context} context */
export const warmUpOf = ({ isQuick }) => (isQuick ? 100 : 3000)

/** Milliseconds of each of `count` runs. @param {number} count @param {() => unknown} work */
async function repeat(count, work) {
  const samples = []
  for (let run = 0; run < count; run++) samples.push(await timeMs(work))
  return samples
}

/** Keys 1…count, far apart from one another, the same ones each time. @param {number} count */
export function scattered(count) {
  let n = 0
  return () => ((n++ * 7919) % count) + 1
}

/** What one of our commits of one row writes: the most frequent record, so that the floor writes as much. @param {string} base */
async function recordBytesOf(base) {
  return withDirectory(base, async (directory) => {
    const session = await ours.start(directory)
    await session.close()
    const db = await openOurs('bench', { storage: { kind: 'fs', base: directory } })
    /** @type {Map<number, number>} */
    const seen = new Map()
    db.commits$.subscribe(({ bytes }) => void seen.set(bytes, (seen.get(bytes) ?? 0) + 1))
    for (let n = 0; n < 40; n++) await db.exec('INSERT INTO t (name, value) VALUES (?, ?)', [`row ${n}`, n])
    await db.close()
    return [...seen].sort(([, left], [, right]) => right - left)[0]?.[0] ?? NaN
  })
}
