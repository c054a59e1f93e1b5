/** The page of the fault experiment: a new worker for each phase. */

globalThis.runPhase = async (asked) => {
  const worker = new Worker('/faults-worker.js', { type: 'module' })
  try {
    const { result, error } = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`))
      worker.postMessage(asked)
    })
    if (error !== undefined) throw new Error(error)
    return result
  } finally {
    worker.terminate()
  }
}
