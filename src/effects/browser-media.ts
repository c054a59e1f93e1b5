/** What is done with a store of each of a browser's media. */
import { destroyDatabase, openConnection } from '../storage/indexeddb/connection.ts'
import { indexedDbSession } from '../storage/indexeddb/session.ts'
import { openOpfs } from '../storage/media/opfs-fs.ts'
import { removeOpfs } from '../storage/media/remove-opfs.ts'
import { type RecoverySession, recoverySession } from '../storage/recover.ts'
import type { StoreOptions } from '../storage/recovery-state.ts'
import type { BrowserMedium } from './store-choice.ts'

interface Medium {
  /** Opens the place of a store, not the store. */
  openSessions(name: string): Promise<(options: StoreOptions) => RecoverySession>
  /** Leaves nothing behind. One that is not there is no error. */
  destroy(name: string): Promise<void>
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export const browserMedia: Readonly<Record<BrowserMedium, Medium>> = {
  opfs: {
    async openSessions(name) {
      const fs = await openOpfs(name, { pause })
      return (options) => recoverySession(fs, options)
    },
    destroy: (name) => removeOpfs(name),
  },
  indexeddb: {
    async openSessions(name) {
      const connection = await openConnection(name, { factory: indexedDB })
      return (options) => indexedDbSession(connection, options)
    },
    destroy: (name) => destroyDatabase(name, { factory: indexedDB }),
  },
}
