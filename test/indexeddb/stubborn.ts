/** Somebody who has a database open and does not close it when he is asked to: an old tab, code that knows nothing of `versionchange`. */
import { vi } from 'vitest'
import { limits } from '../../src/limits.ts'

/** The database `name`, made if it is not there. Whoever deletes or upgrades it waits until this is closed. */
export function openStubbornly(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = factory.open(name)
  return settled(request, () => request.result)
}

export interface Blocked {
  /** How it ends when nobody has it open any more: 'done', or the name of the error. */
  readonly ended: Promise<string>
}

/** Resolves when a deletion of `name` was said to be blocked. */
export const blockedDeletion = (factory: IDBFactory, name: string): Promise<Blocked> =>
  blocked(factory.deleteDatabase(name))

/** Resolves when an upgrade of `name` was said to be blocked. Once it may go on, nothing comes of it. */
export function blockedUpgrade(factory: IDBFactory, name: string): Promise<Blocked> {
  const request = factory.open(name, 2)
  request.onupgradeneeded = () => request.transaction?.abort()
  return blocked(request)
}

const timers = { toFake: ['setTimeout' as const, 'clearTimeout' as const] }

/** With what `wait` rejects when the time is over that it is given: its one timer is awaited, then that has passed. */
export async function givenUp(wait: () => Promise<unknown>): Promise<unknown> {
  vi.useFakeTimers(timers)
  const error = rejection(wait())
  await vi.waitUntil(() => vi.getTimerCount() === 1)
  vi.advanceTimersByTime(limits.blockedMs)
  vi.useRealTimers()
  return error
}

/** The same of one who waits several times, for not as long as requests have. */
export async function givenUpAgain(wait: () => Promise<unknown>): Promise<unknown> {
  vi.useFakeTimers(timers)
  const error = rejection(wait())
  const state = { isOver: false }
  void error.then(() => (state.isOver = true))
  for (let ms = 0; !state.isOver && ms < 0.9 * limits.requestDeadlineMs; ms += 1000)
    await vi.advanceTimersByTimeAsync(1000)
  vi.useRealTimers()
  return error
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it has not been given up',
    (error: unknown) => error,
  )

function blocked(request: IDBOpenDBRequest): Promise<Blocked> {
  const ended = settled(request, () => 'done').catch((error: unknown) =>
    error instanceof DOMException ? error.name : String(error),
  )
  return new Promise((resolve, reject) => {
    request.onblocked = () => resolve({ ended })
    void ended.then((how) => reject(new Error(`it was not blocked: ${how}`)))
  })
}

function settled<T>(request: IDBOpenDBRequest, result: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(result())
    request.onerror = () => reject(request.error ?? new Error('no error was given'))
  })
}
