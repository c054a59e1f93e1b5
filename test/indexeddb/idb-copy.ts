/** A database of IndexedDB as it is now, to be put back later: what a browser has that falls back to older files. */
import { openDB } from 'idb'

/** Every store with its keys and values. Returns how to put them back, in place of what is there then. */
export async function copyOfDatabase(name: string): Promise<() => Promise<void>> {
  const copy = await using(name, (db) =>
    Promise.all(
      [...db.objectStoreNames].map(async (store) => ({
        store,
        keys: await db.getAllKeys(store),
        values: await db.getAll(store),
      })),
    ),
  )
  return () =>
    using(name, async (db) => {
      const tx = db.transaction(
        copy.map(({ store }) => store),
        'readwrite',
      )
      for (const { store, keys, values } of copy) {
        const stored = tx.objectStore(store)
        await stored.clear()
        for (const [n, key] of keys.entries()) await stored.put(values[n], key)
      }
      await tx.done
    })
}

async function using<T>(name: string, work: (db: Awaited<ReturnType<typeof openDB>>) => Promise<T>): Promise<T> {
  const db = await openDB(name)
  try {
    return await work(db)
  } finally {
    db.close()
  }
}
