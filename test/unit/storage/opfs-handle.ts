/**
 * A directory of the origin private file system with one file `a` of zeros, whose calls can be made to fail:
 * `throws` names the DOMException of a call, `takes` what a write answers instead of its length, `reads` the same of a read.
 */
import type { OpfsDirectory, SyncAccessHandle } from '../../../src/storage/media/opfs-handles.ts'

type Call = keyof SyncAccessHandle | 'getDirectoryHandle' | 'getFileHandle' | 'createSyncAccessHandle' | 'removeEntry'

export interface Faults {
  throws?: Partial<Record<Call, string>>
  takes?: number
  reads?: number
  /** Not a dedicated worker. */
  hasNoHandles?: boolean
  /** Nothing is found; handles work on, and the close of one hangs unless the file was made again: here it throws. */
  isGone?: boolean
}

export interface Faulty {
  readonly directory: OpfsDirectory
  readonly met: string[]
  /** Looks for a file, makings of one, closes and removals, in their order. */
  readonly calls: string[]
}

/** Faults may be changed while the directory is used; each call that met one is in `met`. */
export function faultyDirectory(faults: Faults): Faulty {
  const met: string[] = []
  const calls: string[] = []
  let isMadeAgain = false
  const call = <T>(name: Call, value: T): T => {
    const fault = faults.throws?.[name]
    if (fault === undefined) return value
    met.push(name)
    throw new DOMException('as asked for', fault)
  }
  const answer = (name: 'takes' | 'reads', count: number): number => {
    const wrong = faults[name]
    if (wrong === undefined) return count
    met.push(name)
    return wrong
  }
  const handle: SyncAccessHandle = {
    getSize: () => call('getSize', 100),
    read: (into) => call('read', answer('reads', into.length)),
    write: (from) => call('write', answer('takes', from.length)),
    truncate: () => call('truncate', undefined),
    flush: () => call('flush', undefined),
    close() {
      calls.push('close')
      if (faults.isGone === true && !isMadeAgain) throw new Error('hangs')
      call('close', undefined)
    },
  }
  const createSyncAccessHandle = async () => call('createSyncAccessHandle', handle)
  const directory: OpfsDirectory = {
    async *keys() {
      yield* ['b', 'a']
    },
    async getDirectoryHandle(_, { create }) {
      if (!create && faults.isGone === true) throw new DOMException('gone', 'NotFoundError')
      return call('getDirectoryHandle', directory)
    },
    async getFileHandle(_, { create }) {
      calls.push(create ? 'make' : 'getFileHandle')
      if (create) isMadeAgain = true
      else if (faults.isGone === true) {
        met.push('gone')
        throw new DOMException('gone', 'NotFoundError')
      }
      return call('getFileHandle', {
        kind: 'file' as const,
        ...(faults.hasNoHandles === true ? {} : { createSyncAccessHandle }),
      })
    },
    async removeEntry() {
      calls.push('removeEntry')
      call('removeEntry', undefined)
    },
  }
  return { directory, met, calls }
}
