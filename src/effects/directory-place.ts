/** A store in a directory, for Node. */
import { destroyFiles } from '../storage/destroy-files.ts'
import { recoverySession } from '../storage/recover.ts'
import type { Place } from './place.ts'

/** `base`/`name`, made if it is not there. Node's own modules are loaded when it is needed and not before. */
export function directoryPlace(base: string, name: string): Place {
  const location = `${base}/${name}`
  const hold = async () => {
    const [{ openNodeFs }, { acquireLease }] = await Promise.all([
      import('../storage/media/node-fs.ts'),
      import('./lease.ts'),
    ])
    const fs = openNodeFs(location)
    return { fs, lease: acquireLease(location) }
  }
  return {
    medium: 'fs',
    location,
    async acquire() {
      const { fs, lease } = await hold()
      return { ...lease, session: (options) => recoverySession(fs, options) }
    },
    async destroy() {
      const { fs, lease } = await hold()
      try {
        await destroyFiles(fs)
      } finally {
        await lease.release()
      }
    },
  }
}
