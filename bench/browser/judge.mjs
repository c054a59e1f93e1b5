/** From what was collected to tables: totals, steps, and each target with the ratio that was reached. */
import { short } from '../compare.mjs'
import { median, pairedRatio } from '../measure.mjs'
import { batchAtomic, indexedDb, indexedDbInside, memory, mirror, opfs, opfsInside } from './sides.mjs'
import { msText } from './tables.mjs'
import { updatesOfEach } from './tasks.mjs'

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
    return [
      side.name,
      msText(own),
      ...against.map((other) => ratioText(own, totals(collected, task, other))),
      side.survives,
      barriersText(collected.of(task, side)),
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
    return [
      side.name,
      msText(small ?? []),
      msText(large ?? []),
      ratioText(large ?? [], small ?? []),
      side.survives,
      barriersText(collected.of('sizes', side)),
    ]
  })
  const headings = ['side', 'small', 'large', 'large ÷ small', 'survives', `barriers of ${2 * updatesOfEach} updates`]
  return { title: 'One row updated, until it is durable: a database of 1 MiB against one of 64 MiB', headings, rows }
}

/** @param {Collected} collected @param {readonly Side[]} sides */
export function openTable(collected, sides) {
  const rows = sides.map((side) => {
    const own = totals(collected, 'firstRow', side)
    return [
      side.name,
      msText(own),
      ratioText(own, totals(collected, 'firstRow', mirror)),
      side.survives,
      barriersText(collected.of('firstRow', side)),
    ]
  })
  const title = 'Cold open of 64 MiB in a new browser process, from nothing to the first row'
  return { title, headings: ['side', 'median', '× IDBMirrorVFS', 'survives', 'barriers'], rows }
}

/** Every target of this benchmark. @param {Collected} collected @param {readonly Side[]} sides those that were measured @returns {Verdict[]} */
export function verdicts(collected, sides) {
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
  /** Of the peers on the same kind of medium whose finished write survives the same, the fastest decides for all. */
  const fasterThanAll = (work, task, side) => {
    const { storage, survives } = side
    const isPeer = (other) => other.kind !== 'ours' && other.storage === storage && other.survives === survives
    const ratioTo = (other) => pairedRatio(timeOf(task, other), timeOf(task, side))
    const [fastest] = sides
      .filter(isPeer)
      .map((other) => ({ name: other.name, ratio: ratioTo(other) }))
      .filter(({ ratio }) => !Number.isNaN(ratio))
      .sort((left, right) => left.ratio - right.ratio)
    const peers = `every peer on ${mediumNames[storage]} that survives ${survives}`
    const bound = `> 1 × the speed of ${peers}; the fastest is ${fastest?.name ?? 'not measured'}`
    return verdict(work, side, bound, fastest?.ratio ?? NaN, { above: 1 })
  }
  return [
    ...[opfs, opfsInside].map((side) => atMost('sixteen steps', 'steps', side, memory, 0.8)),
    ...[indexedDb, indexedDbInside].flatMap((side) => [
      atMost('sixteen steps', 'steps', side, memory, 1),
      faster('sixteen steps', 'steps', side, mirror, 4),
      faster('sixteen steps', 'steps', side, batchAtomic, 10),
      faster('1,000 concurrent', 'concurrent', side, batchAtomic, 20),
    ]),
    ...[opfs, opfsInside, indexedDb, indexedDbInside].map((side) => fasterThanAll('1,000 awaited', 'awaited', side)),
    ...[opfs, indexedDb].map(flat),
    atMost('cold open', 'firstRow', indexedDb, mirror, 0.5),
  ]
}

const mediumNames = { memory: 'memory', opfs: 'OPFS', indexeddb: 'IndexedDB' }

/** @returns {Verdict} */
const verdict = (work, side, bound, ratio, { max = Infinity, min = 0, above = 0 }) => ({
  work,
  side: side.name,
  bound,
  ratio,
  isMet: ratio <= max && ratio >= min && ratio > above,
})

/** @param {readonly Verdict[]} all */
export const verdictTable = (all) => ({
  title: 'Targets',
  headings: ['work', 'side', 'target', 'reached', ''],
  rows: all.map(({ work, side, bound, ratio, isMet }) => [work, side, bound, short(ratio), isMet ? 'met' : 'missed']),
})

/** NaN: where the side's own worker issues them, which nobody counts. @param {readonly import('./tasks.mjs').Measured[]} measured */
function barriersText(measured) {
  const counted = measured.map(({ barriers }) => barriers)
  if (counted.length === 0) return ''
  return counted.some(Number.isNaN) ? 'not counted' : short(median(counted))
}

const ratioText = (/** @type {readonly number[]} */ own, /** @type {readonly number[]} */ others) =>
  own.length === 0 || others.length === 0 ? '' : short(pairedRatio(own, others))
