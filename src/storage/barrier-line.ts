/**
 * Barriers, one at a time. A system tells an error of its cache once for each open file: of two barriers at once over one file, one would
 * succeed and never hear that it did not.
 */
import type { Segment } from './segment.ts'

export class BarrierLine {
  #underway: Promise<void> | undefined

  /** Runs `begin` when no barrier is underway. Who has waited for one can wait: then it is told so. */
  run(begin: (hasWaited: boolean) => Promise<void> | undefined, hasWaited = false): Promise<void> | undefined {
    if (this.#underway !== undefined) return this.#underway.then(() => this.run(begin, true))
    const barrier = begin(hasWaited)
    this.#underway = barrier
    const end = () => {
      if (this.#underway === barrier) this.#underway = undefined
    }
    barrier?.then(end, end)
    return barrier
  }
}

export const isUnflushed = ({ end, flushedEnd }: Segment): boolean => flushedEnd < end

/** What the segments hold now is durable when it returns, or resolves. */
export function flushSegments(segments: readonly Segment[], mayWait: boolean): Promise<void> | undefined {
  const unflushed = segments.filter(isUnflushed).map((segment) => ({ segment, end: segment.end }))
  const settle = () => {
    for (const { segment, end } of unflushed) segment.flushedEnd = Math.max(segment.flushedEnd, end)
  }
  if (mayWait) return Promise.all(unflushed.map(({ segment }) => segment.file.flushAsync())).then(settle)
  for (const { segment } of unflushed) segment.file.flush()
  settle()
  return undefined
}
