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
