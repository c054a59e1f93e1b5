/** What grows with the database and what must not: the cost of a commit, and memory. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { alternate, mean, median, pairedRatio, timeMs, withDirectory } from '../measure.mjs'
import { short } from '../compare.mjs'
import { metricsOf, openOurs, ours } from '../sides.mjs'
import { scattered, warmUpOf } from './requests.mjs'

const MiB = 1024 * 1024
const rowBytes = 1000
const rowsPerBatch = 8000

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../report.mjs').Section[]>} */
export async function databaseSize(context) {
  return withDirectory(context.base, async (directory) => {
    const sizes = context.isQuick ? [1, 8] : [1, 16, 64, 256]
    for (const mib of sizes) await build(directory, mib)
    return [await commitCost(context, directory, sizes)]
  })
}

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../report.mjs').Section[]>} */
export async function residentMemory(context) {
  return withDirectory(context.base, async (directory) => {
    const mib = context.isQuick ? 8 : 256
    await build(directory, mib)
    return [peaks(context, directory, mib)]
  })
}

/** Rows of 1,000 random bytes until the file has `mib` MiB; closed, so that everything is in the home. @param {string} base @param {number} mib */
export async function build(base, mib) {
  const db = await openOurs(`size-${mib}`, { storage: { kind: 'fs', base } })
  await db.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, stamp INTEGER, payload BLOB)')
  for (let pages = 0; pages * 4096 < mib * MiB;) {
    const rows = Math.min(rowsPerBatch, Math.ceil(((mib * MiB) / 4096 - pages) * 4))
    await db.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
       INSERT INTO big (stamp, payload) SELECT 0, randomblob(${rowBytes}) FROM n`,
    )
    const [row] = await db.query('PRAGMA page_count')
    pages = Number(row?.['page_count'])
  }
  await db.close()
}

/** @param {import('../run.mjs').Context} context @param {string} base @param {readonly number[]} sizes @returns {Promise<import('../report.mjs').Section>} */
async function commitCost({ rounds, isQuick }, base, sizes) {
  const updates = isQuick ? 30 : 200
  /** @type {Map<string, { update: () => Promise<unknown>, barriers: () => number, close: () => Promise<void> }>} */
  const databases = new Map()
  for (const mib of sizes) {
    const db = await openOurs(`size-${mib}`, { storage: { kind: 'fs', base } })
    const [row] = await db.query('SELECT count(*) AS rows FROM big')
    const next = scattered(Number(row?.['rows']))
    databases.set(`${mib} MiB`, {
      update: () => db.exec('UPDATE big SET stamp = stamp + 1 WHERE id = ?', [next()]),
      barriers: () => metricsOf(db).barriers,
      close: () => db.close(),
    })
  }
  const first = databases.get(`${sizes[0] ?? 1} MiB`)
  for (let n = 0; n < warmUpOf({ isQuick, rounds, base }); n++) await first?.update()
  const barriersBefore = new Map([...databases].map(([name, { barriers }]) => [name, barriers()]))
  const times = await alternate(databases, rounds, async ({ update }) => {
    const samples = []
    for (let n = 0; n < updates; n++) samples.push(await timeMs(update))
    return samples
  })
  const smallest = times.get(`${sizes[0] ?? 1} MiB`)?.medians ?? []
  const rows = [...databases].map(([name, { barriers }], index) => {
    const own = times.get(name)?.medians ?? []
    const ratio = pairedRatio(own, smallest)
    return {
      side: `${ours.name}, ${name}`,
      medianMs: median(own),
      meanMs: mean(times.get(name)?.means ?? []),
      perSecond: 1000 / median(own),
      ratio,
      ratioText: index === 0 ? '' : `${short(ratio)} × the time at ${sizes[0] ?? 1} MiB`,
      durability: ours.durability,
      barriers: `${short((barriers() - (barriersBefore.get(name) ?? NaN)) / (updates * (rounds + 1)))} per row`,
      ...(index === sizes.length - 1 ? { target: '≤ 1.3 ×', isMet: ratio <= 1.3 } : {}),
    }
  })
  for (const { close } of databases.values()) await close()
  return { title: 'One-row update by the size of the database', rows }
}

/** @param {import('../run.mjs').Context} context @param {string} base @param {number} mib @returns {import('../report.mjs').Section} */
function peaks({ isQuick }, base, mib) {
  const child = (/** @type {string[]} */ ...args) =>
    /** @type {{ peakBytes: number, operations: number }} */ (
      JSON.parse(
        execFileSync(process.execPath, [path.join(import.meta.dirname, 'memory-child.mjs'), ...args], {
          encoding: 'utf8',
        }),
      )
    )
  const idle = child()
  const loaded = child(base, `size-${mib}`, String(isQuick ? 2000 : 60_000))
  const above = (loaded.peakBytes - idle.peakBytes) / MiB
  return {
    title: `Resident memory, ${mib} MiB database, mixed load of ${loaded.operations.toLocaleString('en-US')} requests`,
    rows: [
      { side: 'idle Node', value: `${short(idle.peakBytes / MiB)} MiB at its peak` },
      {
        side: ours.name,
        value: `${short(loaded.peakBytes / MiB)} MiB at its peak`,
        ratio: above,
        ratioText: `${short(above)} MiB above idle`,
        durability: ours.durability,
        target: '≤ 164 MiB above idle',
        isMet: above <= 164,
      },
    ],
  }
}
