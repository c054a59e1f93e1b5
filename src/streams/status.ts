/** status$: where the database stands. A late subscriber gets the status of now first; equal ones are told once. */
import type { Observable } from 'rxjs'
import type { Status } from '../events.ts'
import { createHotWithLatest } from './hot.ts'

export interface StatusStream {
  readonly status$: Observable<Status>
  set(status: Status): void
  complete(): void
}

export function createStatus(initial: Status): StatusStream {
  const hot = createHotWithLatest<Status>()
  let current = initial
  hot.next(initial)
  return {
    status$: hot.stream$,
    set(status) {
      if (isSame(current, status)) return
      current = status
      hot.next(status)
    },
    complete: () => hot.complete(),
  }
}

function isSame(left: Status, right: Status): boolean {
  return (
    left.state === right.state &&
    left.role === right.role &&
    left.medium === right.medium &&
    left.mediumReason === right.mediumReason &&
    left.location === right.location &&
    left.epoch === right.epoch &&
    left.durability === right.durability &&
    left.reason === right.reason
  )
}
