/**
 * The four streams of a database in another thread. Hot as they are there; the other side tells events, commits and metrics only
 * while somebody listens here, because each would be a message. Late subscribers get what they would get there.
 */
import { Observable, ReplaySubject, share, type Subject } from 'rxjs'
import type { Database } from '../api.ts'
import type { StreamOnDemand } from '../wire/protocol.ts'
import type { Link } from './link.ts'

export type RemoteStreams = Pick<Database, 'events$' | 'commits$' | 'metrics$' | 'status$'>

export function remoteStreams(link: Link): RemoteStreams {
  const { events, commits, metrics, status } = link.told
  return {
    events$: onDemand(link, 'events', events).pipe(share({ resetOnComplete: false })),
    commits$: onDemand(link, 'commits', commits).pipe(share({ resetOnComplete: false })),
    metrics$: onDemand(link, 'metrics', metrics).pipe(
      share({ connector: () => new ReplaySubject(1), resetOnComplete: false }),
    ),
    status$: status.asObservable(),
  }
}

/** Asked of the other side from the first listener to the last. */
const onDemand = <T>(link: Link, stream: StreamOnDemand, told: Subject<T>): Observable<T> =>
  new Observable<T>((listener) => {
    const subscription = told.subscribe(listener)
    link.post({ kind: 'subscribe', stream, isOn: true })
    return () => {
      subscription.unsubscribe()
      link.post({ kind: 'subscribe', stream, isOn: false })
    }
  })
