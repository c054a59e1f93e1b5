/**
 * What a checkpoint does to those who write meanwhile: what their commits take, and how long one of its steps keeps the thread. The
 * writer lets the event loop turn after each commit: requests that follow one another at once share turns of 20 ms of their own, which
 * would hide how long a step is.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { short } from '../compare.mjs'
import { mean, median, timeMs, withDirectory } from '../measure.mjs'
import { openOurs, ours } from '../sides.mjs'
import { build } from './size.mjs'

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../report.mjs').Section[]>} */
export async function heldBack({ rounds, isQuick, base }) {
  const mib = isQuick ? 16 : 256
  const share = 4
  return withDirectory(base, async (directory) => {
    await build(directory, mib)
    const db = await openOurs(`size-${mib}`, { storage: { kind: 'fs', base: directory } })
    const write = async () => {
      const ms = await timeMs(() => db.exec('UPDATE big SET stamp = stamp + 1 WHERE id = 1'))
      await setImmediate()
      return ms
    }
    /** @type {{ readonly quiet: number[], readonly folding: number[], readonly heldMs: number[] }} */
    const found = { quiet: [], folding: [], heldMs: [] }
    for (let round = 0; round < rounds; round++) {
      await db.checkpoint()
      for (let n = 0; n < 50; n++) found.quiet.push(await write())
      await db.exec(`UPDATE big SET stamp = stamp + 1 WHERE id % ${4 * share} < 4`)
      const delay = monitorEventLoopDelay({ resolution: 1 })
      const state = { isFolding: true }
      delay.enable()
      const folded = db.checkpoint().finally(() => (state.isFolding = false))
      while (state.isFolding) found.folding.push(await write())
      await folded
      delay.disable()
      found.heldMs.push(delay.max / 1e6)
    }
    await db.close()
    const worstMs = Math.max(...found.heldMs)
    const row = (/** @type {string} */ side, /** @type {readonly number[]} */ times) => ({
      side,
      medianMs: median(times),
      meanMs: mean(times),
      perSecond: 1000 / median(times),
      durability: ours.durability,
    })
    return [
      {
        title: `A checkpoint of ${mib / share} MiB in a database of ${mib} MiB: what it does to one-row strict commits`,
        rows: [
          row('commits while nothing is folded', found.quiet),
          row('commits while a checkpoint runs', found.folding),
          {
            side: `longest time that one turn kept the thread, barriers included, of ${rounds} checkpoints`,
            value: `${short(median(found.heldMs))} ms, at most ${short(worstMs)} ms`,
            ratio: worstMs,
            target: '≤ 20 ms',
            isMet: worstMs <= 20,
          },
        ],
      },
    ]
  })
}
