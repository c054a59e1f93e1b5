/**
 * A hot stream: values go to whoever listens when they are told, in the order in which they were told.
 *
 * A listener may tell more (it calls the database, which reports): that waits until every listener has seen the value before it,
 * so all listeners see one order. A listener that throws is reported by rxjs on a later turn and harms nobody else. Never errors.
 */
import { type Observable, ReplaySubject, Subject } from 'rxjs'

export interface Hot<T> {
  readonly stream$: Observable<T>
  isObserved(): boolean
  /** After `complete` nothing is told any more. */
  next(value: T): void
  complete(): void
}

/** Late subscribers get nothing that was told before, and completion at once when it is over. */
export const createHot = <T>(): Hot<T> => hotOver(new Subject<T>(), (subject) => subject.observed)

/** Late subscribers get the last value first, also after completion. */
export const createHotWithLatest = <T>(): Hot<T> => hotOver(new ReplaySubject<T>(1), () => true)

function hotOver<T>(subject: Subject<T>, isObserved: (subject: Subject<T>) => boolean): Hot<T> {
  const waiting: T[] = []
  let isTelling = false
  let isComplete = false

  function tellAll(): void {
    isTelling = true
    for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) subject.next(value)
    isTelling = false
    if (isComplete) subject.complete()
  }

  return {
    stream$: subject.asObservable(),
    isObserved: () => isObserved(subject),
    next(value) {
      if (isComplete || !isObserved(subject)) return
      waiting.push(value)
      if (!isTelling) tellAll()
    },
    complete() {
      if (isComplete) return
      isComplete = true
      if (!isTelling) subject.complete()
    },
  }
}
