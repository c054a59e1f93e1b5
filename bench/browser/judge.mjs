/** From what was collected to tables: totals, steps, and each target with the ratio that was reached. */
import { short } from '../compare.mjs'
import { median, pairedRatio } from '../measure.mjs'
import { batchAtomic, indexedDb, memory, mirror, opfs, opfsInside, indexedDbInside } from './sides.mjs'
import { msText } from './tables.mjs'

/** @typedef {ReturnType<typeof import('./collect.mjs').collector>} Collected */
/** @typedef {import('./sides.mjs').Side} Side */
/** @typedef {{ work: string, side: string, bound: string, ratio: number, isMet: boolean }} Verdict */

const sum = (/** @type {readonly number[]} */ values) => values.reduce((total, value) => total + value, 0)

/** One total per round. @param {Collected} collected @param {import('./collect.mjs').TaskName} task @param {Side} side */
const totals = (collected, task, side) => collected.of(task, side).map(({ ms }) => sum(ms))

/** @param {Collected} collected @param {import('./collect.mjs').TaskName} task @param {string} title @param {readonly Side[]} sides @param {readonly Side[]} against */
export function totalTable(collected, task, title, sides, against) {
  const rows = sides.map((side) => {
    const own = totals(collected, task, side)
    const barriers = collected.of(task, side).map((one) => one.barriers)
    return [
      side.name,
      msText(own),
      ...against.map((other) => ratioText(own, totals(collected, task, other))),
      side.survives,
      barriersText(barriers),
    ]
  })
  const headings = ['side', 'median', ...against.map(({ name }) => `× ${name.replace('wa-sqlite ', '')}`)]
  return { title, headings: [...headings, 'survives', 'barriers'], rows }
}

/** @param {Collected} collected @param {readonly { title: string }[]} steps @param {readonly Side[]} sides */
export function stepTable(collected, steps, sides) {
  const shown = sides.filter((side) => collected.of('steps', side).length > 0)
  const rows = steps.map(({ title }, step) => [
    title,
    ...shown.map((side) => short(median(collected.of('steps', side).map(({ ms }) => ms[step] ?? NaN)))),
  ])
  return { title: 'Each of the sixteen steps, ms', headings: ['step', ...shown.map(({ name }) => name)], rows }
}

/** @param {Collected} collected @param {readonly Side[]} sides */
export function sizeTable(collected, sides) {
  const rows = sides.map((side) => {
    const [small, large] = [0, 1].map((index) => collected.of('sizes', side).map(({ ms }) => ms[index] ?? NaN))
    return [side.name, msText(small ?? []), msText(large ?? []), ratioText(large ?? [], small ?? []), side.survives]
  })
  const headings = ['side', 'small', 'large', 'large ÷ small', 'survives']
  return { title: 'One row updated, until it is durable: a database of 1 MiB against one of 64 MiB', headings, rows }
}

/** @param {Collected} collected @param {readonly Side[]} sides */
export function openTable(collected, sides) {
  const rows = sides.map((side) => {
    const own = totals(collected, 'firstRow', side)
    return [side.name, msText(own), ratioText(own, totals(collected, 'firstRow', mirror))]
  })
  const title = 'Cold open of 64 MiB in a new browser process, from nothing to the first row'
  return { title, headings: ['side', 'median', '× IDBMirrorVFS'], rows }
}

/** Every target of this benchmark. @param {Collected} collected @returns {Verdict[]} */
export function verdicts(collected) {
  const timeOf = (task, side) => totals(collected, task, side)
  const atMost = (work, task, side, other, bound) =>
    verdict(
      work,
      side,
      `≤ ${bound} × the time of ${other.name}`,
      pairedRatio(timeOf(task, side), timeOf(task, other)),
      {
        max: bound,
      },
    )
  const faster = (work, task, side, other, bound) =>
    verdict(
      work,
      side,
      `≥ ${bound} × the speed of ${other.name}`,
      pairedRatio(timeOf(task, other), timeOf(task, side)),
      {
        min: bound,
      },
    )
  const flat = (side) => {
    const [small, large] = [0, 1].map((index) => collected.of('sizes', side).map(({ ms }) => ms[index] ?? NaN))
    return verdict('one row, 64 MiB against 1', side, '≤ 1.3', pairedRatio(large ?? [], small ?? []), { max: 1.3 })
  }
  return [
    ...[opfs, opfsInside].map((side) => atMost('sixteen steps', 'steps', side, memory, 0.8)),
    ...[indexedDb, indexedDbInside].flatMap((side) => [
      atMost('sixteen steps', 'steps', side, memory, 1),
      faster('sixteen steps', 'steps', side, mirror, 4),
      faster('sixteen steps', 'steps', side, batchAtomic, 10),
      faster('1,000 concurrent', 'concurrent', side, batchAtomic, 20),
    ]),
    ...[opfs, indexedDb].map(flat),
    atMost('cold open', 'firstRow', indexedDb, mirror, 0.5),
  ]
}

/** @returns {Verdict} */
const verdict = (work, side, bound, ratio, { max = Infinity, min = 0 }) => ({
  work,
  side: side.name,
  bound,
  ratio,
  isMet: ratio <= max && ratio >= min,
})

/** @param {readonly Verdict[]} all */
export const verdictTable = (all) => ({
  title: 'Targets',
  headings: ['work', 'side', 'target', 'reached', ''],
  rows: all.map(({ work, side, bound, ratio, isMet }) => [work, side, bound, short(ratio), isMet ? 'met' : 'missed']),
})

/** @param {readonly number[]} counted NaN: where the side's own worker issues them, which nobody counts */
function barriersText(counted) {
  if (counted.length === 0) return ''
  return counted.some(Number.isNaN) ? 'not counted' : short(median(counted))
}

const ratioText = (/** @type {readonly number[]} */ own, /** @type {readonly number[]} */ others) =>
  own.length === 0 || others.length === 0 ? '' : short(pairedRatio(own, others))
