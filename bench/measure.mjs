/** Passes that alternate between the sides, and what is said of their samples: medians, paired ratios. */
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** Milliseconds that `fn` takes, its promise included. @param {() => unknown} fn */
export async function timeMs(fn) {
  const startMs = performance.now()
  await fn()
  return performance.now() - startMs
}

/** @param {readonly number[]} values at least one */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * One value per round: the median of the round's samples, and their mean, which rare slow ones move.
 * @typedef {{ readonly medians: number[], readonly means: number[] }} Times
 */

/**
 * Runs one pass per side and round; each round begins with another side, so that a slow minute of the machine meets all of them.
 * A pass returns the samples of its round. One round before the first warms caches and compilers and is dropped.
 * @template S
 * @param {ReadonlyMap<string, S>} sides
 * @param {number} rounds
 * @param {(side: S) => Promise<readonly number[]>} pass
 * @returns {Promise<Map<string, Times>>}
 */
export async function alternate(sides, rounds, pass) {
  const entries = [...sides]
  const times = new Map(entries.map(([name]) => [name, /** @type {Times} */ ({ medians: [], means: [] })]))
  for (let round = -1; round < rounds; round++) {
    const first = (round + 1) % entries.length
    for (const [name, side] of [...entries.slice(first), ...entries.slice(0, first)]) {
      const samples = await pass(side)
      if (round < 0) continue
      times.get(name)?.medians.push(median(samples))
      times.get(name)?.means.push(mean(samples))
    }
  }
  return times
}

/** Median over the rounds of one side's time divided by another's in the same round. @param {readonly number[]} times @param {readonly number[]} others */
export const pairedRatio = (times, others) => median(times.map((time, round) => time / (others[round] ?? NaN)))

/** A directory that `use` may fill; removed afterwards. @template T @param {string} base @param {(directory: string) => Promise<T>} use */
export async function withDirectory(base, use) {
  const directory = mkdtempSync(path.join(base, 'bench-'))
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
