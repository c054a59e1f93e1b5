/** The system's time and timers. */
import type { Clock } from './ports.ts'

export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, fn, { keepsAlive } = { keepsAlive: false }) {
    const timer = setTimeout(fn, ms)
    if (!keepsAlive) timer.unref()
    return () => clearTimeout(timer)
  },
  soon: (fn) => void setImmediate(fn),
}
