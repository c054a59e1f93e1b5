/**
 * Where a browser's database lies. The lock comes first; under it both media are looked into, the choice is made, and the store's
 * witness is read. From then on the witness follows what is durable.
 *
 *   lock ─▶ probe both media, read both witness books ─▶ choose ─▶ recovery ─▶ less than its witness saw? STORE_LOST
 *
 * Whoever has followed a leader knows where the store lies, and reads its witness only.
 */
import type { DatabaseError } from '../errors.ts'
import { loadChecksums } from '../storage/checksum.ts'
import { BroadcastTransport } from './broadcast-transport.ts'
import { systemClock } from './clock.ts'
import type { Lease } from './lease.ts'
import { browserMedia } from './browser-media.ts'
import type { HeldPlace, Place, Sharing, Where } from './place.ts'
import { findInIndexedDb, findInOpfs } from './probe.ts'
import { type BrowserMedium, type Choice, chooseStore, type WhenLost, type Witness } from './store-choice.ts'
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
        // The witnesses go first: a store without one is a store, a witness without a store is a loss.
        for (const book of await booksFor(options)) await book.remove(name)
        for (const medium of asked(options)) await browserMedia[medium].destroy(name)
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
    openTransport() {
      // Its WebAssembly is compiled while the lock is asked for; who needs it waits for it, and is told if it fails.
      loadChecksums().catch(() => undefined)
      const after = (ms: number, fn: () => void) => systemClock.after(ms, fn)
      return Promise.resolve(new BroadcastTransport(name, { after, newId: newStoreId, locks }))
    },
    hold: (lease, followed) => held(name, options, lease, followed),
  }
}

/** A frozen holder of OPFS keeps its files open whoever has the lock: to rob it would gain nothing. IndexedDB refuses its writes. */
async function mayRob(name: string, { medium }: BrowserPlaceOptions): Promise<boolean> {
  if (medium === 'opfs') return false
  // Whoever leads may have asked for the other one. What cannot be read now is no reason to rob anybody.
  return ['empty', 'unsupported'].includes((await findInOpfs(name)).kind)
}

async function held(name: string, options: BrowserPlaceOptions, lease: Lease, followed?: Where): Promise<HeldPlace> {
  try {
    return await hold(name, options, lease, followed)
  } catch (error) {
    await lease.release()
    throw error
  }
}

interface Held {
  storeId: string
  onLost: (error: DatabaseError) => void
}

async function hold(name: string, options: BrowserPlaceOptions, lease: Lease, followed?: Where): Promise<HeldPlace> {
  const { choice, book, witness } = isChoice(followed) ? known(name, followed) : await look(name, options)
  const { medium, why } = choice
  const state: Held = { storeId: '', onLost: () => undefined }
  const place = await browserMedia[medium].openPlace(name, {
    whenLost: options.whenLost,
    onLost: (error) => state.onLost(error),
  })
  const keeper = new WitnessKeeper(
    async (position) => (await book)?.write(name, { medium, storeId: state.storeId, ...position }),
    systemClock,
  )
  return {
    ...lease,
    where: { medium, why },
    session: (storeOptions) =>
      witnessed(place.session(storeOptions), options.whenLost === 'fail' ? witness : undefined, (report) => {
        state.storeId = report.storeId
      }),
    noteDurable: (position) => keeper.note(position),
    onLost(tell) {
      state.onLost = tell
    },
    async release({ isHandedOver } = { isHandedOver: false }) {
      await (isHandedOver ? keeper.leave() : keeper.flush())
      await place.released?.()
      await lease.release()
    },
  }
}

/** A medium that was named is looked into alone: what lies in the other one is another database. */
const asked = ({ medium }: Pick<BrowserPlaceOptions, 'medium'>): readonly BrowserMedium[] =>
  medium === 'auto' ? media : [medium]

async function booksFor(options: BrowserPlaceOptions): Promise<readonly WitnessBook[]> {
  const books = await Promise.all(asked(options).map(witnessBook))
  return books.filter((book) => book !== undefined)
}

interface Found {
  readonly choice: Choice
  readonly book: Promise<WitnessBook | undefined>
  readonly witness: Promise<Witness | undefined>
}

/** The leader's own choice. That the store is not the one that was followed, its epoch says too; so the witness is read beside it. */
function known(name: string, choice: Choice): Found {
  const book = witnessBook(choice.medium)
  const witness = book.then((found) => found?.read(name))
  // Told to whoever needs it.
  witness.catch(() => undefined)
  return { choice, book, witness }
}

const isChoice = (where: Where | undefined): where is Choice => media.some((medium) => medium === where?.medium)

/** All of it at once: in a browser that has just started, each first touch of a medium waits for a process of its own. */
async function look(name: string, options: BrowserPlaceOptions): Promise<Found> {
  const unasked = { kind: 'unsupported', why: 'it was not asked for' } as const
  const isAsked = (one: BrowserMedium) => asked(options).includes(one)
  // Before the books, one of which lies in IndexedDB as well: Chromium tells of a loss in the first opening after it alone.
  const looking = isAsked('indexeddb') ? findInIndexedDb(name) : unasked
  const reading = booksFor(options).then(async (books) => {
    const witnesses = await Promise.all(books.map((book) => book.read(name)))
    return { books, witnesses: witnesses.filter((witness) => witness !== undefined) }
  })
  const [opfs, indexeddb, { books, witnesses }] = await Promise.all([
    isAsked('opfs') ? findInOpfs(name) : unasked,
    looking,
    reading,
  ])
  const chosen = chooseStore({ opfs, indexeddb, witnesses }, options.whenLost)
  const ofChosen = ({ medium }: Pick<Choice, 'medium'>) => medium === chosen.medium
  return {
    choice: options.medium === 'auto' ? chosen : { ...chosen, why: 'it was asked for' },
    book: Promise.resolve(books.find(ofChosen)),
    witness: Promise.resolve(witnesses.find(ofChosen)),
  }
}
