/** The page of the benchmark: runs a task on a side, here or in a worker, whichever the side says. */
import { connectFromPage } from './connect-page.mjs'
import { barriersOf, tasks } from './tasks.mjs'

/** @param {{ side: import('./sides.mjs').Side, task: string, given: { name: string, scale: number } }} asked */
globalThis.runTask = (asked) => (asked.side.from === 'page' ? runHere(asked) : runInWorker(asked))

/** From nothing to the first row: thread, script, WebAssembly, database. */
globalThis.timeFirstRow = async (asked) => {
  const startMs = performance.now()
  const measured = await globalThis.runTask({ ...asked, task: 'firstRow' })
  const ms = performance.now() - startMs
  const barriers = await barriersOf(measured)
  await measured.left?.close()
  return { ms: [ms], barriers }
}

const runHere = ({ side, task, given }) => tasks[task]((name) => connectFromPage(side, name), given)

async function runInWorker(asked) {
  const worker = new Worker('/worker.js', { type: 'module' })
  try {
    const { measured, error } = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`))
      worker.postMessage(asked)
    })
    if (error !== undefined) throw new Error(error)
    return measured
  } finally {
    worker.terminate()
  }
}
