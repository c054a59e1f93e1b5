/**
 * Where a browser's database lies. The lock comes first; under it both media are looked into, the choice is made, and the store's
 * witness is read. From then on the witness follows what is durable.
 *
 *   lock ─▶ probe both media, read both witness books ─▶ choose ─▶ recovery ─▶ less than its witness saw? STORE_LOST
 */
import { BroadcastTransport } from './broadcast-transport.ts'
import { systemClock } from './clock.ts'
import type { Lease } from './lease.ts'
import { browserMedia } from './browser-media.ts'
import type { HeldPlace, Place, Sharing } from './place.ts'
import { findInIndexedDb, findInOpfs } from './probe.ts'
import { type BrowserMedium, type Choice, chooseStore, type WhenLost } from './store-choice.ts'
import { newStoreId } from './random.ts'
import { leaseAlone } from './lease-alone.ts'
import { acquireWebLease, platformLocks } from './web-lease.ts'
import { webLock } from './web-lock.ts'
import { WitnessKeeper } from './witness.ts'
import { type WitnessBook, witnessBook } from './witness-book.ts'
import { witnessed } from './witnessed-session.ts'

export interface BrowserPlaceOptions {
  readonly medium: 'auto' | BrowserMedium
  readonly whenLost: WhenLost
}

const media = ['opfs', 'indexeddb'] as const satisfies BrowserMedium[]

/** `hold` throws STORE_LOST, STORE_AMBIGUOUS, NOT_SUPPORTED, STORAGE_FAILED */
export function browserPlace(name: string, options: BrowserPlaceOptions): Place {
  return {
    medium: options.medium,
    location: name,
    shared: sharing(name, options),
    acquire: async () => held(name, options, await acquireWebLease(name)),
    async destroy() {
      const lease = await acquireWebLease(name)
      try {
        const asked: readonly BrowserMedium[] = options.medium === 'auto' ? media : [options.medium]
        // The witnesses go first: a store without one is a store, a witness without a store is a loss.
        for (const book of await allBooks()) if (asked.includes(book.medium)) await book.remove(name)
        for (const medium of asked) await browserMedia[medium].destroy(name)
      } finally {
        await lease.release()
      }
    },
  }
}

function sharing(name: string, options: BrowserPlaceOptions): Sharing {
  const locks = platformLocks()
  const robs = () => mayRob(name, options)
  return {
    lock: locks === undefined ? leaseAlone(robs) : webLock(name, robs, locks),
    openTransport: () =>
      Promise.resolve(
        new BroadcastTransport(name, { after: (ms, fn) => systemClock.after(ms, fn), newId: newStoreId, locks }),
      ),
    hold: (lease) => held(name, options, lease),
  }
}

/** A frozen holder of OPFS keeps its files open whoever has the lock: to rob it would gain nothing. IndexedDB refuses its writes. */
async function mayRob(name: string, { medium }: BrowserPlaceOptions): Promise<boolean> {
  return medium === 'indexeddb' || (medium === 'auto' && (await findInOpfs(name)).kind !== 'store')
}

async function held(name: string, options: BrowserPlaceOptions, lease: Lease): Promise<HeldPlace> {
  try {
    return await hold(name, options, lease)
  } catch (error) {
    await lease.release()
    throw error
  }
}

async function hold(name: string, options: BrowserPlaceOptions, lease: Lease): Promise<HeldPlace> {
  const books = await allBooks()
  const { medium, why } = await choose(name, options, books)
  const book = books.find((one) => one.medium === medium)
  const witness = await book?.read(name)
  const sessions = await browserMedia[medium].openSessions(name)
  const state = { storeId: '' }
  const keeper = new WitnessKeeper(
    async (position) => book?.write(name, { medium, storeId: state.storeId, ...position }),
    systemClock,
  )
  return {
    ...lease,
    where: { medium, why },
    session: (storeOptions) =>
      witnessed(sessions(storeOptions), options.whenLost === 'fail' ? witness : undefined, (report) => {
        state.storeId = report.storeId
      }),
    noteDurable: (position) => keeper.note(position),
    async release() {
      await keeper.flush()
      await lease.release()
    },
  }
}

async function allBooks(): Promise<readonly WitnessBook[]> {
  const books = await Promise.all([witnessBook('opfs'), witnessBook('indexeddb')])
  return books.filter((book) => book !== undefined)
}

/** A medium that was named is looked into alone: what lies in the other one is another database. */
async function choose(
  name: string,
  { medium, whenLost }: BrowserPlaceOptions,
  books: readonly WitnessBook[],
): Promise<Choice> {
  const unasked = { kind: 'unsupported', why: 'it was not asked for' } as const
  const isAsked = (one: BrowserMedium) => medium === 'auto' || medium === one
  const [opfs, indexeddb, ...witnesses] = await Promise.all([
    isAsked('opfs') ? findInOpfs(name) : unasked,
    isAsked('indexeddb') ? findInIndexedDb(name) : unasked,
    ...books.filter((book) => isAsked(book.medium)).map((book) => book.read(name)),
  ])
  const known = witnesses.filter((witness) => witness !== undefined)
  const choice = chooseStore({ opfs, indexeddb, witnesses: known }, whenLost)
  return medium === 'auto' ? choice : { ...choice, why: 'it was asked for' }
}
