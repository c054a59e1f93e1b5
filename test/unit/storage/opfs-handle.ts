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
}

/** Faults may be changed while the directory is used; each call that met one is in `met`. */
export function faultyDirectory(faults: Faults): { readonly directory: OpfsDirectory; readonly met: string[] } {
  const met: string[] = []
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
    close: () => call('close', undefined),
  }
  const createSyncAccessHandle = async () => call('createSyncAccessHandle', handle)
  const directory: OpfsDirectory = {
    async *keys() {
      yield* ['b', 'a']
    },
    getDirectoryHandle: async () => call('getDirectoryHandle', directory),
    getFileHandle: async () =>
      call('getFileHandle', {
        kind: 'file' as const,
        ...(faults.hasNoHandles === true ? {} : { createSyncAccessHandle }),
      }),
    removeEntry: async () => call('removeEntry', undefined),
  }
  return { directory, met }
}
