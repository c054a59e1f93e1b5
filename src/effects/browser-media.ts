/** What is done with a store of each of a browser's media. */
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import { destroyDatabase, openConnection } from '../storage/indexeddb/connection.ts'
import { indexedDbSession } from '../storage/indexeddb/session.ts'
import { fileNames } from '../storage/format.ts'
import { openOpfs } from '../storage/media/opfs-fs.ts'
import { removeOpfs } from '../storage/media/remove-opfs.ts'
import { type RecoverySession, recoverySession } from '../storage/recover.ts'
import type { StoreOptions } from '../storage/recovery-state.ts'
import { systemClock } from './clock.ts'
import { Presence } from './presence.ts'
import type { BrowserMedium } from './store-choice.ts'
import { within } from './within.ts'

interface OpenedPlace {
  session(options: StoreOptions): RecoverySession
  /** Resolves when another one can open it, after its store was let go. */
  released?(): Promise<void>
}

interface Medium {
  /** Opens the place of a store, not the store. `onLost`: the store was seen to be gone while nobody asked. */
  openPlace(name: string, onLost: (error: DatabaseError) => void): Promise<OpenedPlace>
  /** Leaves nothing behind. One that is not there is no error. */
  destroy(name: string): Promise<void>
}

const pause = (ms: number) => new Promise<void>((resolve) => void systemClock.after(ms, resolve))

export const browserMedia: Readonly<Record<BrowserMedium, Medium>> = {
  opfs: {
    async openPlace(name, onLost) {
      const fs = await openOpfs(name, { pause })
      const presence = new Presence({ look: () => fs.assertThere(fileNames.header), clock: systemClock, onLost })
      return { session: (options) => recoverySession(fs, { ...options, presence }), released: () => fs.released() }
    },
    destroy: (name) => removeOpfs(name),
  },
  indexeddb: {
    async openPlace(name) {
      const connection = await openConnection(name, { factory: indexedDB })
      return { session: (options) => indexedDbSession(connection, options) }
    },
    destroy: (name) =>
      within(destroyDatabase(name, { factory: indexedDB }), {
        ms: limits.destroyMs,
        clock: systemClock,
        late: () => {
          throw stillOpen(name)
        },
      }),
  },
}

/** The deletion happens when the last connection closes, whether or not anybody waits for it. */
const stillOpen = (name: string) =>
  new DatabaseError('STORE_LOCKED', `indexeddb:${name} is open elsewhere and does not close`, { details: { name } })
