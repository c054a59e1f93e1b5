/** What is done with a store of each of a browser's media. */
import type { DatabaseError } from '../errors.ts'
import { type ConnectionOptions, destroyDatabase, openConnection } from '../storage/indexeddb/connection.ts'
import { indexedDbSession } from '../storage/indexeddb/session.ts'
import { fileNames } from '../storage/format.ts'
import { openOpfs } from '../storage/media/opfs-fs.ts'
import { removeOpfs } from '../storage/media/remove-opfs.ts'
import { type RecoverySession, recoverySession } from '../storage/recover.ts'
import type { StoreOptions } from '../storage/recovery-state.ts'
import { systemClock } from './clock.ts'
import { Presence } from './presence.ts'
import type { BrowserMedium, WhenLost } from './store-choice.ts'
import { unlessBlocked } from './unless-blocked.ts'

interface OpenedPlace {
  session(options: StoreOptions): RecoverySession
  /** Resolves when another one can open it, after its store was let go. */
  released?(): Promise<void>
}

interface OpenPlaceOptions {
  readonly whenLost: WhenLost
  /** The store was seen to be gone while nobody asked. */
  readonly onLost: (error: DatabaseError) => void
}

interface Medium {
  /** Opens the place of a store, not the store. */
  openPlace(name: string, options: OpenPlaceOptions): Promise<OpenedPlace>
  /** Leaves nothing behind. One that is not there is no error. */
  destroy(name: string): Promise<void>
}

const pause = (ms: number) => new Promise<void>((resolve) => void systemClock.after(ms, resolve))

export const browserMedia: Readonly<Record<BrowserMedium, Medium>> = {
  opfs: {
    async openPlace(name, { onLost }) {
      const fs = await openOpfs(name, { pause })
      const presence = new Presence({ look: () => fs.assertThere(fileNames.header), clock: systemClock, onLost })
      return { session: (options) => recoverySession(fs, { ...options, presence }), released: () => fs.released() }
    },
    destroy: (name) => removeOpfs(name),
  },
  indexeddb: {
    async openPlace(name, { whenLost }) {
      const connection = await openConnection(name, reach(name))
      return { session: (options) => indexedDbSession(connection, { ...options, onLost: whenLost }) }
    },
    destroy: (name) => destroyDatabase(name, reach(name)),
  },
}

const reach = (name: string): ConnectionOptions => ({
  factory: indexedDB,
  bounded: (waiting, discard) => unlessBlocked(name, waiting, discard),
})
