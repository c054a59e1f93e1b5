/** The IndexedDB medium over an implementation in memory: its logic and its failures. Real browsers run the same contract elsewhere. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import type { BlockStore } from '../../src/storage/block-store.ts'
import { type Connection, type Database, openConnection } from '../../src/storage/indexeddb/connection.ts'
import { type LogKey, type StoreName } from '../../src/storage/indexeddb/schema.ts'
import { splitKeys } from '../../src/storage/indexeddb/log-reader.ts'
import { type IndexedDbOptions, indexedDbSession } from '../../src/storage/indexeddb/session.ts'
import { runSession } from '../../src/storage/recover.ts'
import type { RecoveryReport } from '../../src/storage/recovery-report.ts'

export const options: IndexedDbOptions = {
  storeId: '00112233445566778899aabbccddeeff',
  blockSize: 4096,
  checksum: 'xxh64',
  verify: 'full',
  onCorruption: 'fail',
  homeChanged: 'fail',
  checkpointBytes: 256 * 1024,
  checkpointStepBytes: 32 * 1024,
  chunkBytes: 1024 * 1024,
}

export interface Opened {
  readonly store: BlockStore
  readonly report: RecoveryReport
}

/** One browser profile, with one database that is opened again and again. */
export class IdbWorld {
  readonly factory: IDBFactory = new IDBFactory()
  readonly name = 'test'

  async open(more: Partial<IndexedDbOptions> = {}): Promise<Opened> {
    const all = { ...options, ...more }
    const connection = await this.connect()
    return runSession(indexedDbSession(connection, all), all)
  }

  connect(): Promise<Connection> {
    return openConnection(this.name, { factory: this.factory })
  }

  /** Looks at the medium past the store. */
  async peek<T>(look: (database: Database) => Promise<T>): Promise<T> {
    const connection = await this.connect()
    try {
      return await look(await connection.use())
    } finally {
      connection.close()
    }
  }

  async logKeys() {
    return splitKeys(await this.peek(async (database) => database.getAllKeys('log')))
  }

  /** What lies in log, segments and table. */
  contents() {
    return this.peek(async (database) =>
      Promise.all([database.getAll('log'), database.getAll('segments'), database.getAll('table')]),
    )
  }

  /** Changes or removes one value behind the back of the store. */
  change(store: StoreName, key: LogKey, damage: (bytes: Uint8Array) => Uint8Array | undefined): Promise<void> {
    return this.peek(async (database) => {
      const tx = database.transaction(store, 'readwrite')
      // The key of another store would be a key that is not there.
      const found = await tx.store.get(key)
      const changed = found instanceof Uint8Array ? damage(found) : undefined
      await (changed === undefined ? tx.store.delete(key) : tx.store.put(changed, key))
      await tx.done
      if (found === undefined) throw new Error(`there is nothing at ${String(key)} of ${store}`)
    })
  }
}
