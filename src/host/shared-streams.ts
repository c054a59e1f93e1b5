/**
 * The streams of a database whose leader changes: each goes on with what the leader of the time tells, here or elsewhere, and completes
 * when this member has closed. What every leader says at its end (`database.closed`) is not ours to tell before.
 */
import {
  BehaviorSubject,
  filter,
  merge,
  type Observable,
  ReplaySubject,
  share,
  Subject,
  switchMap,
  takeUntil,
} from 'rxjs'
import type { Database } from '../api.ts'
import type { DatabaseEvent, Status } from '../events.ts'

export type LedStreams = Pick<Database, 'events$' | 'commits$' | 'metrics$'>

export class SharedStreams {
  readonly #source = new BehaviorSubject<LedStreams | undefined>(undefined)
  readonly #own = new Subject<DatabaseEvent>()
  readonly #status = new ReplaySubject<Status>(1)
  readonly #end = new Subject<void>()
  readonly events$: Database['events$']
  readonly commits$: Database['commits$']
  readonly metrics$: Database['metrics$']
  readonly status$: Database['status$']

  constructor() {
    const told = this.#of((streams) => streams.events$).pipe(filter(({ type }) => type !== 'database.closed'))
    this.events$ = merge(told, this.#own).pipe(takeUntil(this.#end), share())
    this.commits$ = this.#of((streams) => streams.commits$).pipe(takeUntil(this.#end), share())
    this.metrics$ = this.#of((streams) => streams.metrics$).pipe(
      takeUntil(this.#end),
      share({ connector: () => new ReplaySubject(1), resetOnComplete: false }),
    )
    this.status$ = this.#status.asObservable()
  }

  /** Undefined: nobody leads that we know of. */
  follow(streams: LedStreams | undefined): void {
    this.#source.next(streams)
  }

  emit(event: DatabaseEvent): void {
    this.#own.next(event)
  }

  setStatus(status: Status): void {
    this.#status.next(status)
  }

  complete(): void {
    this.#own.next({ type: 'database.closed' })
    this.#end.next()
    this.#end.complete()
    this.#status.complete()
    this.#source.complete()
  }

  #of<T>(pick: (streams: LedStreams) => Observable<T>): Observable<T> {
    return this.#source.pipe(switchMap((streams) => (streams === undefined ? [] : pick(streams))))
  }
}
