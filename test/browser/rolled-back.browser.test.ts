/** A store in a real browser whose older files come back, beside a witness of the newer ones. */
import { expect, test } from 'vitest'
import { type Database, type DatabaseError, isDatabaseError, open, type OpenOptions } from '../../src/browser.ts'
import { databaseName } from '../../src/storage/indexeddb/schema.ts'
import { copyOfDatabase } from '../indexeddb/idb-copy.ts'

const worker = () => new Worker(new URL('../../dist/worker.js', import.meta.url), { type: 'module' })

/** Returns how to put the files of a store back as they are now. */
async function copyOfFiles(name: string): Promise<() => Promise<void>> {
  const root = await navigator.storage.getDirectory()
  const directory = await (await root.getDirectoryHandle('datasync')).getDirectoryHandle(name)
  const copy = new Map<string, ArrayBuffer>()
  for await (const [file, handle] of directory.entries()) {
    if (handle instanceof FileSystemFileHandle) copy.set(file, await (await handle.getFile()).arrayBuffer())
  }
  return async () => {
    for (const [file, bytes] of copy) {
      const writable = await (await directory.getFileHandle(file)).createWritable()
      await writable.write(bytes)
      await writable.close()
    }
  }
}

const closed = async <T>(db: Database, work: (db: Database) => Promise<T>): Promise<T> => {
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}

const refused = async (opening: Promise<Database>): Promise<DatabaseError> => {
  const error: unknown = await opening.then(
    (db) => db.close(),
    (thrown: unknown) => thrown,
  )
  if (!isDatabaseError(error)) throw new Error('it was not refused', { cause: error })
  return error
}

test.each([
  { storage: 'opfs', copyOf: copyOfFiles },
  { storage: 'indexeddb', copyOf: (name: string) => copyOfDatabase(databaseName(name)) },
] as const)('on $storage it is STORE_LOST, until onLost "open" goes on from there', async ({ storage, copyOf }) => {
  const name = `rolled-back-${storage}-${Date.now()}`
  const openHere = (recovery: OpenOptions['recovery'] = {}) => open(name, { worker, storage, recovery })
  await closed(await openHere(), (db) => db.exec('CREATE TABLE t(v)'))
  const putBack = await copyOf(name)
  await closed(await openHere(), (db) => db.exec("INSERT INTO t VALUES ('lost')"))
  await putBack()
  for (const _ of ['first', 'second']) {
    expect(await refused(openHere())).toMatchObject({
      code: 'STORE_LOST',
      details: { medium: storage, epoch: 2, durableTxid: 2 },
    })
  }
  await closed(await openHere({ onLost: 'open' }), async (db) => {
    expect(db.recoveryReport.found).toBe('existing')
    expect(await db.query('SELECT v FROM t')).toEqual([])
    await db.exec("INSERT INTO t VALUES ('anew')")
  })
  await closed(await openHere(), async (db) => expect(await db.query('SELECT v FROM t')).toEqual([{ v: 'anew' }]))
})
