import type { Observable } from 'rxjs'

export interface Collected<T> {
  readonly seen: T[]
  isComplete: boolean
  error: unknown
}

/** Subscribes and remembers everything that is told. */
export function collect<T>(from$: Observable<T>): Collected<T> {
  const collected: Collected<T> = { seen: [], isComplete: false, error: undefined }
  from$.subscribe({
    next: (value) => collected.seen.push(value),
    complete: () => {
      collected.isComplete = true
    },
    error: (error: unknown) => {
      collected.error = error
    },
  })
  return collected
}
