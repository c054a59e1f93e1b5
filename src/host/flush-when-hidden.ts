/**
 * A page that is hidden may never be shown again: what is sealed by then is flushed at once, whatever the policy would wait for. If nothing
 * is, the medium is left alone: the browser may freeze the page in that moment, and a transaction that is open then keeps the store.
 */
import type { Led } from '../api.ts'

/** Until the database closes. Where there is no document, nothing is ever hidden. */
export function flushWhenHidden(database: Led): void {
  if (typeof document !== 'object') return
  const flush = () => {
    // Whoever waits for a commit is told how it ended; a flush that fails is told as sync.failed.
    database.flush().catch(() => undefined)
  }
  const onVisibility = () => {
    if (document.visibilityState === 'hidden') flush()
  }
  document.addEventListener('visibilitychange', onVisibility)
  addEventListener('pagehide', flush)
  database.status$.subscribe({
    complete: () => {
      document.removeEventListener('visibilitychange', onVisibility)
      removeEventListener('pagehide', flush)
    },
  })
}
