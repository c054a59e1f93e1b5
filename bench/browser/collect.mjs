/** Runs tasks on sides, round by round, and keeps what they took. A side that fails or does not answer is named and left out from then on. */
import { within } from './within.mjs'

const boundMs = { steps: 240_000, awaited: 90_000, concurrent: 90_000, sizes: 240_000, fill: 180_000, firstRow: 60_000 }

/** @typedef {keyof typeof boundMs} TaskName */

/** @param {import('./chromium.mjs').Browser} browser @param {{ scale: number }} how */
export function collector(browser, { scale }) {
  /** @type {Map<string, import('./tasks.mjs').Measured[]>} */
  const measured = new Map()
  /** @type {{ side: string, task: string, message: string }[]} */
  const failures = []
  const keyOf = (task, side) => `${task}: ${side.name}`
  const hasFailed = (task, side) => failures.some((one) => one.task === task && one.side === side.name)

  async function runOne(task, side, name) {
    const call = task === 'firstRow' ? 'timeFirstRow' : 'runTask'
    const asked = { side, task, given: { name, scale } }
    const evaluated = browser.withPage((page) => {
      const answer = page.evaluate(([fn, what]) => globalThis[fn](what), [call, asked])
      return within(boundMs[task], `${side.name}, ${task}`, answer)
    })
    const result = await evaluated
    if (!measured.has(keyOf(task, side))) measured.set(keyOf(task, side), [])
    measured.get(keyOf(task, side))?.push(result)
  }

  return {
    failures,
    /** Each round's result of a task on a side. @param {TaskName} task @param {import('./sides.mjs').Side} side */
    of: (task, side) => measured.get(keyOf(task, side)) ?? [],

    /** @param {TaskName} task @param {import('./sides.mjs').Side} side @param {string} name of the database */
    async run(task, side, name) {
      if (hasFailed(task, side)) return
      try {
        await runOne(task, side, name)
      } catch (error) {
        failures.push({ side: side.name, task, message: firstLine(error) })
        console.log(`  ${side.name}, ${task}: ${firstLine(error)}`)
        await browser.restart()
      }
    },
  }
}

const firstLine = (error) => String(error?.message ?? error).split('\n')[0]
