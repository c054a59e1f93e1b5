/** The system's time and timers, in Node and in browsers. */
import type { Clock } from './ports.ts'

export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, fn, { keepsAlive } = { keepsAlive: false }) {
    const timer = setTimeout(fn, ms)
    if (!keepsAlive && typeof timer === 'object') timer.unref()
    return () => clearTimeout(timer)
  },
  soon,
  ...(typeof requestIdleCallback === 'function' ? { idle } : {}),
}

/** Browsers have no setImmediate, and their timers wait for 4 ms: a message to ourselves comes in the next turn. */
function soon(fn: () => void): void {
  if (typeof setImmediate === 'function') return void setImmediate(fn)
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    fn()
  }
  port2.postMessage(undefined)
}

const IDLE_MS_MAX = 1000

/** A window draws and answers its user first. Workers and Node have no such moments. */
function idle(fn: () => void): () => void {
  const request = requestIdleCallback(fn, { timeout: IDLE_MS_MAX })
  return () => cancelIdleCallback(request)
}
