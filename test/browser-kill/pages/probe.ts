/**
 * A page that can be watched: it counts, and so does its worker, and every count is told to the other pages of the origin. It can hold
 * a lease, or files in a worker, and hear what another page tells.
 */
import { acquireWebLease } from '../../../src/effects/web-lease.ts'
import { isDatabaseError } from '../../../src/errors.ts'
import type { OpfsAnswer, OpfsRequest } from './opfs-worker.ts'

/** Counts heard from the page that counts, the last of each. */
const heard = { page: 0, worker: 0 }
const channel = new BroadcastChannel('counts')

/** By timers, in the page and in a worker: those of a page in the background fire once a second, those of its worker on time. */
function count(): void {
  let page = 0
  new Worker('/counter-worker.js', { type: 'module' })
  setInterval(() => channel.postMessage({ page: ++page }), 10)
}

function listen(): void {
  channel.onmessage = ({ data }: MessageEvent<Partial<typeof heard>>) => Object.assign(heard, data)
}

/** The code of the error that another attempt at the lease ends with, or 'held'. It is held until the page is gone. */
async function hold(name: string): Promise<string> {
  try {
    await acquireWebLease(name)
    return 'held'
  } catch (error) {
    if (isDatabaseError(error)) return error.code
    throw error
  }
}

let worker: Worker | undefined

/** One request to the worker that has the handles of this page. */
function opfs(request: OpfsRequest): Promise<OpfsAnswer> {
  const port = (worker ??= new Worker('/opfs-worker.js', { type: 'module' }))
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data }: MessageEvent<OpfsAnswer>) => resolve(data)
    port.onerror = (event) => reject(new Error(event.message))
    port.postMessage(request)
  })
}

Object.assign(globalThis, { probe: { heard, count, listen, hold, opfs } })
