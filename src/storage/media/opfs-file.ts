/** One file of the origin private file system over its sync access handle. */
import { assert } from '../../assert.ts'
import type { DatabaseError } from '../../errors.ts'
import type { StoreFile } from '../file-system.ts'
import { full, translate } from './opfs-errors.ts'
import type { SyncAccessHandle } from './opfs-handles.ts'

export interface OpfsFileOptions {
  /** For messages. */
  readonly path: string
  /** The file was seen to be gone: its handle is let go by who has seen it. */
  readonly lost: () => DatabaseError | undefined
  readonly onClosed: () => void
}

/** The handle belongs to the file from here on. */
export function fileOverHandle(name: string, handle: SyncAccessHandle, options: OpfsFileOptions): StoreFile {
  const { path, lost, onClosed } = options
  let isOpen = true
  const use = <T>(verb: string, call: () => T): T => {
    assert(isOpen, `${name} is not used after its close`)
    const loss = lost()
    if (loss !== undefined) throw loss
    try {
      return call()
    } catch (error) {
      throw translate(path, verb, error)
    }
  }
  const flush = () => use('flush', () => handle.flush())
  return {
    name,
    size: () => use('measure', () => handle.getSize()),
    read: (into, at) => use('read', () => readAll(handle, into, at)),
    write(from, at) {
      const count = use('write', () => handle.write(from, { at }))
      // A browser whose quota is used up may take less, or answer -8 as a number without a sign.
      if (count !== from.length) throw full(path, 'write', { reason: `${count} of ${from.length} bytes were taken` })
    },
    truncate: (size) => use('truncate', () => handle.truncate(size)),
    flush,
    // The platform's barrier is synchronous; the worker waits either way.
    flushAsync: async () => flush(),
    close() {
      if (!isOpen) return
      isOpen = false
      if (lost() !== undefined) return
      handle.close()
      onClosed()
    },
  }
}

function readAll(handle: SyncAccessHandle, into: Uint8Array, at: number): number {
  let done = 0
  while (done < into.length) {
    const count = handle.read(into.subarray(done), { at: at + done })
    if (count === 0) break
    if (count > into.length - done) throw new RangeError(`${count} bytes were read where ${into.length - done} fit`)
    done += count
  }
  return done
}
