/** A page that is hidden may never be shown again: what is sealed by then is flushed at once, whatever the policy would wait for. */
import type { Database } from '../api.ts'

/** Until the database closes. Where there is no document, nothing is ever hidden. */
export function flushWhenHidden(database: Database): void {
  if (typeof document !== 'object') return
  const flush = () => {
    // Whoever waits for a commit is told how it ended; a flush that fails is told as sync.failed.
    database.forceSync().catch(() => undefined)
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
