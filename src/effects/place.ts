/** Where a store lies: its files, and the right to be the only one who opens them. */
import type { FileSystem } from '../storage/file-system.ts'
import { MemoryFs } from '../storage/media/memory-fs.ts'
import { type Epoch, epoch } from '../units.ts'
import type { Lease } from './lease.ts'

export interface Place {
  readonly medium: 'fs' | 'memory'
  /** For messages and `status$`. */
  readonly location: string
  /** Waits for nobody. @throws STORE_LOCKED with the holder's process */
  acquire(): Promise<HeldPlace>
}

export interface HeldPlace extends Lease {
  readonly fs: FileSystem
}

/** A store that ends with its process; each open has one of its own. */
export function memoryPlace(): Place {
  const acquire = async (): Promise<HeldPlace> => ({
    fs: new MemoryFs(),
    notedEpoch: epoch(0),
    note: (_: Epoch) => undefined,
    lockHome: () => undefined,
    release: () => undefined,
  })
  return { medium: 'memory', location: 'memory', acquire }
}

/** `base`/`name`, made if it is not there. Node's modules are loaded here and not before. */
export function directoryPlace(base: string, name: string): Place {
  const location = `${base}/${name}`
  return {
    medium: 'fs',
    location,
    async acquire() {
      const [{ openNodeFs }, { acquireLease }] = await Promise.all([
        import('../storage/media/node-fs.ts'),
        import('./lease.ts'),
      ])
      const fs = openNodeFs(location)
      return { ...acquireLease(location), fs }
    },
  }
}
