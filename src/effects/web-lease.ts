/**
 * The right to lead in browsers: an exclusive Web Lock, held for the reign. The browser frees it when its holder is gone and keeps it
 * while the holder is frozen. Safety does not rest on this but on the epoch.
 *
 *   acquire ── request, if available ──▶ in the lock's callback: held ── release ──▶ the callback ends ──▶ the browser has freed it
 *                                  └──▶ null: STORE_LOCKED
 *
 * What the media keep of epochs is all there is: nothing is noted beside them.
 */
import { DatabaseError } from '../errors.ts'
import { type Epoch, epoch } from '../units.ts'
import type { Lease } from './lease.ts'
import { withResolvers } from './with-resolvers.ts'

/** Released and perhaps not yet free: the next one here waits for that, or it would find the lock taken by ourselves. */
const endings = new Map<string, Promise<void>>()

/** Waits for nobody else. @throws STORE_LOCKED; NOT_SUPPORTED without Web Locks, which an insecure page does not have; STORAGE_FAILED */
export async function acquireWebLease(name: string, locks = platformLocks()): Promise<Lease> {
  if (locks === undefined) throw unsupportedLocks(name)
  await endings.get(name)
  const answer = withResolvers<boolean>()
  const released = withResolvers<void>()
  const ended = locks
    .request(lockNameOf(name), { mode: 'exclusive', ifAvailable: true }, (lock) => {
      answer.resolve(lock !== null)
      return lock === null ? undefined : released.promise
    })
    // Before it was held: a refusal. Afterwards it was taken from us, which the epoch says to the next write.
    .then(
      () => undefined,
      (error: unknown) => answer.reject(lockRefusal(name, error)),
    )
  if (!(await answer.promise)) throw locked(name)
  return {
    notedEpoch: epoch(0),
    note: (_: Epoch) => undefined,
    lockHome: () => undefined,
    release() {
      const forgotten = ended.finally(() => {
        if (endings.get(name) === forgotten) endings.delete(name)
      })
      endings.set(name, forgotten)
      released.resolve()
      return forgotten
    },
  }
}

export const lockNameOf = (name: string): string => `datasync:${name}`

export function platformLocks(): LockManager | undefined {
  const platform: { readonly navigator?: { readonly locks?: LockManager } } = globalThis
  return platform.navigator?.locks
}

/** Why a lock could not be asked for. */
export function lockRefusal(name: string, cause: unknown): DatabaseError {
  const reason = cause instanceof Error ? cause.name : 'unknown'
  if (reason === 'SecurityError') return unsupported(name, 'Web Locks for this origin', cause)
  return new DatabaseError('STORAGE_FAILED', `the lock of ${name} could not be asked for: ${reason}`, {
    cause,
    details: { name, reason },
  })
}

export const unsupportedLocks = (name: string) =>
  unsupported(name, 'Web Locks (navigator.locks), which a page has in a secure context')

const unsupported = (name: string, missing: string, cause?: unknown) =>
  new DatabaseError('NOT_SUPPORTED', `${name} cannot be opened: not available here are ${missing}`, {
    cause,
    details: { name, missing },
  })

const locked = (name: string) =>
  new DatabaseError('STORE_LOCKED', `${name} is open in another page or worker`, { details: { name }, retryable: true })
