/** The worker as it is built, where these pages are served. */
export const newWorker = () => new Worker('/worker.js', { type: 'module' })
