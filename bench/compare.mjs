/** One workload on several sides in one run, and the rows that are reported of it. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { alternate, mean, median, pairedRatio, withDirectory } from './measure.mjs'

/**
 * @typedef {import('./sides.mjs').Side} Side
 * @typedef {import('./sides.mjs').Session} Session
 *
 * @typedef {object} Workload
 * @property {string} title
 * @property {readonly Side[]} sides
 * @property {(session: Session) => unknown} [prepare] once per side, not measured
 * @property {(session: Session) => Promise<readonly number[]>} pass milliseconds of each sample of a round
 * @property {number} operationsPerSample
 * @property {string} operation what one of them is: 'row', 'read'
 * @property {number} samplesPerPass
 * @property {Side} against the side that the ratio is to
 * @property {boolean} isSpeed the ratio is of speeds (higher is better), else of times
 * @property {{ side: Side, bound: number }} [target]
 */

/**
 * @param {import('./run.mjs').Context} context
 * @param {Workload} workload
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function compare({ base, rounds }, workload) {
  const { title, sides, prepare, pass, operationsPerSample, operation, samplesPerPass } = workload
  return withDirectory(base, async (directory) => {
    const sessions = await startAll(sides, directory)
    for (const session of sessions.values()) await prepare?.(session)
    const barriersBefore = new Map([...sessions].map(([name, session]) => [name, session.barriers()]))
    const times = await alternate(sessions, rounds, pass)
    const samples = (rounds + 1) * samplesPerPass
    const barriersOf = (/** @type {string} */ name) =>
      (sessions.get(name)?.barriers() ?? NaN) - (barriersBefore.get(name) ?? NaN)
    const rows = sides.map((side) => ({
      ...rowOf(workload, side, times),
      barriers: `${short(barriersOf(side.name) / samples)} per ${plural(operationsPerSample, operation)}`,
    }))
    for (const session of sessions.values()) await session.close()
    return { title, rows }
  })
}

/**
 * @param {Workload} workload
 * @param {Side} side
 * @param {ReadonlyMap<string, import('./measure.mjs').Times>} times
 */
function rowOf({ against, isSpeed, target, operationsPerSample }, side, times) {
  const own = times.get(side.name)?.medians ?? []
  const others = times.get(against.name)?.medians ?? []
  const ratio = isSpeed ? pairedRatio(others, own) : pairedRatio(own, others)
  const reached =
    target?.side === side
      ? { bound: target.bound, isMet: isSpeed ? ratio >= target.bound : ratio <= target.bound }
      : undefined
  const moreMs = median(own) - median(others)
  const difference = moreMs > 0 ? ` (${short(moreMs)} ms more)` : ''
  return {
    side: side.name,
    medianMs: median(own),
    meanMs: mean(times.get(side.name)?.means ?? []),
    perSecond: (1000 * operationsPerSample) / median(own),
    ratio,
    ratioText:
      side === against
        ? ''
        : `${short(ratio)} × the ${isSpeed ? 'speed' : 'time'} of ${against.shortName}${isSpeed ? '' : difference}`,
    durability: side.durability,
    ...(reached === undefined ? {} : { target: `${isSpeed ? '≥' : '≤'} ${reached.bound} ×`, isMet: reached.isMet }),
  }
}

/** @param {readonly Side[]} sides @param {string} directory @returns {Promise<Map<string, Session>>} */
async function startAll(sides, directory) {
  const sessions = new Map()
  for (const [index, side] of sides.entries()) {
    const own = path.join(directory, String(index))
    mkdirSync(own)
    sessions.set(side.name, await side.start(own))
  }
  return sessions
}

/** Three significant digits. @param {number} value */
export const short = (value) =>
  Number.isFinite(value) ? Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 6 }) : '–'

const plural = (/** @type {number} */ count, /** @type {string} */ noun) =>
  count === 1 ? noun : `${count.toLocaleString('en-US')} ${noun}s`
