/**
 * The browser's entry. Where there is a window, a database lives in a worker of its own, so that SQLite and the synchronous handles of
 * OPFS never hold the page; anywhere else, and with `worker: false`, it lives in this thread.
 */
import type { Database, OpenOptions } from './api.ts'
import { systemClock } from './effects/clock.ts'
import { flushWhenHidden } from './host/flush-when-hidden.ts'
import { destroyRemote, openRemote } from './host/open-remote.ts'
import { listenTo } from './host/worker-thread.ts'
import { assertName, settingsOf } from './options.ts'

export * from './exports.ts'

/**
 * Opens the database `name`, made if there is none. Resolves when it leads, or follows whoever does.
 * @throws INVALID_NAME, INVALID_OPTIONS, NOT_SUPPORTED, STORE_LOCKED, STORE_LOST, LEADER_UNRESPONSIVE, ABORTED,
 *   and what the store meets when it is recovered
 */
export async function open(name: string, options: OpenOptions = {}): Promise<Database> {
  assertName(name)
  settingsOf(options)
  const worker = workerFor(options)
  const database =
    worker === undefined
      ? await (await import('./browser-here.ts')).openHere(name, options)
      : await openRemote(listenTo(worker, systemClock), { name, options })
  flushWhenHidden(database)
  return database
}

/**
 * Removes the database `name` and all that was kept for it.
 * @throws INVALID_NAME, INVALID_OPTIONS, STORE_LOCKED while it is open, STORAGE_FAILED
 */
export async function destroy(name: string, options: Pick<OpenOptions, 'storage' | 'worker'> = {}): Promise<void> {
  assertName(name)
  settingsOf(options)
  const worker = workerFor(options)
  if (worker === undefined) return (await import('./browser-here.ts')).destroyHere(name, options)
  await destroyRemote(listenTo(worker, systemClock), { name, options })
}

function workerFor({ worker = typeof document === 'object' }: Pick<OpenOptions, 'worker'>): Worker | undefined {
  if (typeof worker === 'function') return worker()
  if (!worker) return undefined
  // In one expression with literals: bundlers find the worker by it.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'datasync-worker' })
}
