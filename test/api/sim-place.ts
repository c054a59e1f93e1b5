/** A whole database on a simulated disk, which can be made to fail and can be opened again after a crash. */
import { onTestFinished } from 'vitest'
import type { HeldPlace, Place } from '../../src/effects/place.ts'
import type { Clock } from '../../src/effects/ports.ts'
import type { Database, OpenOptions } from '../../src/index.ts'
import { openAt } from '../../src/open-at.ts'
import { destroyFiles } from '../../src/storage/destroy-files.ts'
import type { FileSystem } from '../../src/storage/file-system.ts'
import { recoverySession } from '../../src/storage/recover.ts'
import { epoch } from '../../src/units.ts'
import type { SimDisk } from '../model/sim-disk.ts'

export function simPlace(fs: FileSystem): Place {
  const acquire = async (): Promise<HeldPlace> => ({
    session: (options) => recoverySession(fs, options),
    notedEpoch: epoch(0),
    note: () => undefined,
    lockHome: () => undefined,
    release: () => undefined,
  })
  return { medium: 'fs', location: 'sim', acquire, destroy: () => destroyFiles(fs) }
}

/** Open until the test ends; a database that cannot be closed cleanly by then is no failure of the test. */
export async function openOn(disk: SimDisk, options: OpenOptions = {}, clock?: Clock): Promise<Database> {
  const db = await openAt(simPlace(disk), 'test', options, clock)
  onTestFinished(async () => {
    disk.heal()
    await db.close().catch(() => undefined)
  })
  return db
}
