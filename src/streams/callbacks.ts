/** Plain callbacks for those who do not use observables: one start and one end per sync, after which `events$` has the same. */
import type { Observable, Subscription } from 'rxjs'
import type { DatabaseEvent, SyncFailed, SyncStarted, SyncSucceeded } from '../events.ts'

export interface SyncCallbacks {
  readonly syncStart?: (event: SyncStarted) => void
  readonly syncSuccess?: (event: SyncSucceeded) => void
  readonly syncFailure?: (event: SyncFailed) => void
}

/** Calls them until the stream completes. One that throws is reported like any other listener that does. */
export function callOnSync(events$: Observable<DatabaseEvent>, on: SyncCallbacks): Subscription {
  return events$.subscribe((event) => {
    if (event.type === 'sync.started') on.syncStart?.(event)
    else if (event.type === 'sync.succeeded') on.syncSuccess?.(event)
    else if (event.type === 'sync.failed') on.syncFailure?.(event)
  })
}
