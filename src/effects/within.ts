/** A bound for work that others do. */
import type { Clock } from './ports.ts'

/** What `work` comes to; after `ms`, what `late` returns or throws. The work itself is not stopped. */
export async function within<T>(
  work: Promise<T>,
  { ms, clock, late }: { readonly ms: number; readonly clock: Pick<Clock, 'after'>; readonly late: () => T },
): Promise<T> {
  let cancel: () => void = () => undefined
  const timer = new Promise<'late'>((resolve) => {
    cancel = clock.after(ms, () => resolve('late'))
  })
  try {
    const first = await Promise.race([work.then((value) => ({ value })), timer])
    return first === 'late' ? late() : first.value
  } finally {
    cancel()
  }
}
