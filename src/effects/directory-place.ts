/** A store in a directory, for Node. */
import { destroyFiles } from '../storage/destroy-files.ts'
import { recoverySession } from '../storage/recover.ts'
import { systemClock } from './clock.ts'
import type { Lease } from './lease.ts'
import type { HeldPlace, Place } from './place.ts'

export interface Directory {
  readonly base: string
  /** The caller knows what such a file system does not promise. */
  readonly mayBeNetwork: boolean
}

/** `base`/`name`, made if it is not there. Node's own modules are loaded when it is needed and not before. */
export async function directoryPlace({ base, mayBeNetwork }: Directory, name: string): Promise<Place> {
  const location = `${base}/${name}`
  const [{ openNodeFs }, { acquireLease, notedAddress, notedPid }, { fileLock }, { socketTransport }, { assertLocal }] =
    await Promise.all([
      import('../storage/media/node-fs.ts'),
      import('./lease.ts'),
      import('./file-lock.ts'),
      import('./socket-transport.ts'),
      import('./local-disk.ts'),
    ])
  openNodeFs(location)
  if (!mayBeNetwork) assertLocal(location)
  const hold = async (lease: Lease): Promise<HeldPlace> => {
    try {
      const fs = openNodeFs(location)
      return { ...lease, session: (options) => recoverySession(fs, options) }
    } catch (error) {
      await lease.release()
      throw error
    }
  }
  return {
    medium: 'fs',
    location,
    shared: {
      lock: fileLock(location, systemClock),
      openTransport: () => Promise.resolve(socketTransport(() => notedAddress(location))),
      holder: () => notedPid(location),
      hold,
    },
    acquire: async () => hold(acquireLease(location)),
    async destroy() {
      const lease = acquireLease(location)
      try {
        await destroyFiles(openNodeFs(location))
      } finally {
        await lease.release()
      }
    },
  }
}
