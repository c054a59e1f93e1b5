/** A store in a directory, for Node. */
import { filesOf, type Place } from './place.ts'

/** `base`/`name`, made if it is not there. Node's own modules are loaded when it is acquired and not before. */
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
      return { ...acquireLease(location), ...filesOf(fs) }
    },
  }
}
