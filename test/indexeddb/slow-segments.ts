/** A medium that does not give its segments, or only so many at once, until it is told to. */
import { IDBObjectStore } from 'fake-indexeddb'
import { vi } from 'vitest'

export interface SlowSegments {
  /** Readings that were refused. */
  readonly refused: number
  /** Segments that were read, each as often as it was. */
  readonly read: readonly number[]
  heal(): void
}

/** Refuses to read more than `most` segments that follow each other at once. Undone by `heal` and by vi.restoreAllMocks. */
export function slowSegments({ most }: { readonly most: number }): SlowSegments {
  const getAll: typeof IDBObjectStore.prototype.getAll = Reflect.get(IDBObjectStore.prototype, 'getAll')
  const seen = { refused: 0, read: [] as number[] }
  let limit = most
  vi.spyOn(IDBObjectStore.prototype, 'getAll').mockImplementation(function (this: IDBObjectStore, query, count) {
    if (this.name === 'segments' && query instanceof IDBKeyRange) {
      const [first, last] = [Number(query.lower), Number(query.upper)]
      if (last - first >= limit) {
        seen.refused++
        throw new DOMException('not now', 'UnknownError')
      }
      for (let no = first; no <= last; no++) seen.read.push(no)
    }
    return Reflect.apply(getAll, this, [query, count])
  })
  return {
    get refused() {
      return seen.refused
    },
    get read() {
      return seen.read
    },
    heal() {
      limit = Infinity
    },
  }
}
