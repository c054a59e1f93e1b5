/**
 * What reached the medium, transaction by transaction, so that a loss of power can be played: strict transactions, and all before the
 * last of them, are kept; of the relaxed ones behind it any number, in order, is lost.
 */
import { IDBDatabase, IDBObjectStore } from 'fake-indexeddb'
import { vi } from 'vitest'
import { IdbWorld } from './medium.ts'

interface Write {
  readonly store: string
  readonly key: IDBValidKey | IDBKeyRange
  /** Absent: deleted. */
  readonly value?: unknown
}

interface Transaction {
  readonly durability: string
  readonly writes: Write[]
}

export class Journal {
  readonly committed: Transaction[] = []

  /** From here on. Undone by vi.restoreAllMocks. */
  record(): void {
    const open = new WeakMap<object, Transaction>()
    const begin = Reflect.get(IDBDatabase.prototype, 'transaction')
    const { committed } = this
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: unknown, names, mode, options) {
      const tx: IDBTransaction = Reflect.apply(begin, this, [names, mode, options])
      const noted: Transaction = { durability: options?.durability ?? 'default', writes: [] }
      open.set(tx, noted)
      if (mode === 'readwrite') tx.addEventListener('complete', () => committed.push(noted))
      return tx
    } as typeof begin)
    const note = (method: 'put' | 'delete', writeOf: (args: readonly unknown[]) => Omit<Write, 'store'>) => {
      const original = Reflect.get(IDBObjectStore.prototype, method)
      vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(function (
        this: IDBObjectStore,
        ...args: unknown[]
      ) {
        open.get(this.transaction)?.writes.push({ store: this.name, ...writeOf(args) })
        return Reflect.apply(original, this, args)
      } as typeof original)
    }
    note('put', ([value, key]) => ({ key: key as IDBValidKey, value: structuredClone(value) }))
    note('delete', ([key]) => ({ key: key as IDBValidKey | IDBKeyRange }))
  }

  /** How many transactions a loss of power may leave: all to the last strict one, and each number beyond. */
  survivors(): number[] {
    const least = this.committed.findLastIndex(({ durability }) => durability === 'strict') + 1
    return Array.from({ length: this.committed.length - least + 1 }, (_, more) => least + more)
  }

  /** A medium on which the first `count` transactions happened. */
  async replay(count: number): Promise<IdbWorld> {
    const world = new IdbWorld()
    await world.peek(async (database) => {
      for (const { writes } of this.committed.slice(0, count)) {
        const tx = database.transaction(['header', 'log', 'segments', 'table'], 'readwrite')
        for (const { store, key, value } of writes) {
          // What was written once is written again as it is.
          const target = tx.objectStore(store as 'log')
          await (value === undefined ? target.delete(key as number) : target.put(value as Uint8Array, key as number))
        }
        await tx.done
      }
    })
    return world
  }
}
