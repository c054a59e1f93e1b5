/** Counts of values in fixed logarithmic buckets: constant memory, percentiles to within one bucket. Pure. */
import type { Histogram } from '../metrics.ts'

export interface Tally {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
  readonly greatest: number
}

/** 0.05 ms to 26 s, each bucket twice the one before. */
export const millisecondBounds: readonly number[] = doubling(0.05, 20)
/** 1 to 524,288, each bucket twice the one before. */
export const countBounds: readonly number[] = doubling(1, 20)

export const emptyTally = (bounds: readonly number[]): Tally => ({
  bounds,
  counts: new Array<number>(bounds.length + 1).fill(0),
  count: 0,
  sum: 0,
  greatest: 0,
})

export function tally(before: Tally, value: number): Tally {
  const bucket = bucketOf(before.bounds, value)
  const counts = before.counts.slice()
  counts[bucket] = (counts[bucket] ?? 0) + 1
  return {
    bounds: before.bounds,
    counts,
    count: before.count + 1,
    sum: before.sum + value,
    greatest: Math.max(before.greatest, value),
  }
}

export const histogramOf = (from: Tally): Histogram => ({
  bounds: from.bounds,
  counts: from.counts,
  count: from.count,
  sum: from.sum,
  p50: percentile(from, 0.5),
  p99: percentile(from, 0.99),
})

function bucketOf(bounds: readonly number[], value: number): number {
  let bucket = 0
  for (const bound of bounds) {
    if (value <= bound) return bucket
    bucket += 1
  }
  return bucket
}

function percentile({ bounds, counts, count, greatest }: Tally, share: number): number {
  let seen = 0
  for (const [index, inBucket] of counts.entries()) {
    seen += inBucket
    if (count > 0 && seen >= share * count) return Math.min(bounds[index] ?? greatest, greatest)
  }
  return 0
}

function doubling(first: number, steps: number): readonly number[] {
  return Array.from({ length: steps }, (_, step) => first * 2 ** step)
}
