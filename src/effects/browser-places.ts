/**
 * Where a browser's database lies. The lock comes first; under it both media are looked into, the choice is made, and the store's
 * witness is read. From then on the witness follows what is durable.
 *
 *   lock ─▶ probe both media, read both witness books ─▶ choose ─▶ recovery ─▶ less than its witness saw? STORE_LOST
 */
import { destroyFiles } from '../storage/destroy-files.ts'
import { destroyDatabase, openConnection } from '../storage/indexeddb/connection.ts'
import { indexedDbSession } from '../storage/indexeddb/recover.ts'
import { openOpfs } from '../storage/media/opfs-fs.ts'
import { type RecoverySession, recoverySession } from '../storage/recover.ts'
import { systemClock } from './clock.ts'
import type { HeldPlace, Place } from './place.ts'
import { findInIndexedDb, findInOpfs } from './probe.ts'
import { type BrowserMedium, type Choice, chooseStore, storeLost, type WhenLost, type Witness } from './store-choice.ts'
import { acquireWebLease } from './web-lease.ts'
import { type WitnessBook, witnessBook, WitnessKeeper } from './witness.ts'

export interface BrowserPlaceOptions {
  readonly medium: 'auto' | BrowserMedium
  readonly whenLost: WhenLost
}

export function browserPlace(name: string, options: BrowserPlaceOptions): Place {
  return {
    medium: options.medium,
    location: name,
    async acquire() {
      const lease = await acquireWebLease(name)
      try {
        return await hold(name, options, lease)
      } catch (error) {
        lease.release()
        throw error
      }
    },
  }
}

async function hold(name: string, options: BrowserPlaceOptions, lease: Awaited<ReturnType<typeof acquireWebLease>>): Promise<HeldPlace> {
  const books = await allBooks()
  const { medium, why } = await choose(name, options, books)
  const book = books.find((one) => one.medium === medium)
  const witness = await book?.read(name)
  const makeSession = medium === 'opfs' ? await opfsSessions(name) : await indexedDbSessions(name)
  let storeId = ''
  const keeper = new WitnessKeeper(async (position) => book?.write(name, { medium, storeId, ...position }), systemClock)
  return {
    ...lease,
    where: { medium, location: name, why },
    session(storeOptions) {
      const session = makeSession(storeOptions)
      return witnessed(session, options.whenLost === 'fail' ? witness : undefined, (id) => {
        storeId = id
      })
    },
    noteDurable: book === undefined ? undefined : (position) => keeper.note(position),
    async destroy() {
      // The witnesses go first: a store without one is a store, a witness without a store is a loss.
      for (const each of books) await each.remove(name)
      for (const each of options.medium === 'auto' ? (['opfs', 'indexeddb'] as const) : [medium]) await destroyIn(each, name)
    },
    async release() {
      await keeper.flush()
      lease.release()
    },
  }
}
