/**
 * Bit rot: one bit of one file turns over, in a copy of what a kill or a close leaves. Whoever opens the copy is told with a code, or is
 * given the contents of a commit as they were (C1). Damage behind the last record that vouches for those before it looks like a torn
 * tail and is cut (C2), so what that record could not vouch for may be gone.
 */
import * as fc from 'fast-check'
import { firstValueFrom } from 'rxjs'
import { expect } from 'vitest'
import { type Database, type ErrorCode, isDatabaseError } from '../../../src/index.ts'
import { openAt } from '../../../src/open-at.ts'
import { isZero } from '../../../src/storage/bytes.ts'
import { simPlace } from '../../api/sim-place.ts'
import { SimDisk } from '../sim-disk.ts'
import type { MediumCall } from '../sim-faults.ts'
import { type DiskImage, type FileImage, withFlippedBit } from '../sim-image.ts'
import {
  type Command,
  command,
  die,
  expectOneCommit,
  integrityOf,
  options,
  type Oracle,
  recover,
  write,
} from './commands.ts'

const home = 'database.sqlite'
/** The home and the log are listed several times: weights. */
const files = ['header', 'blocks.meta', home, home, home, 'log-0', 'log-1', 'log-2', 'log', 'log', 'log'] as const

interface Flip {
  /** 'log': the segment that was written last, as far as it was written. */
  readonly file: (typeof files)[number]
  readonly at: number
  readonly bit: number
  /** The copy is one of a database that was closed. */
  readonly isClosed: boolean
  /** Everything is verified as it is opened, or nothing: then the read has to say it. */
  readonly verify: 'full' | 'none'
}

const codes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HEADER_CORRUPT',
  'TABLE_CORRUPT',
  'LOG_CORRUPT',
  'HOME_CORRUPT',
  'HOME_CHANGED_OUTSIDE',
  'CHECKSUM_MISMATCH',
  'ALGORITHM_MISMATCH',
])

/** Made before the log is damaged, so that it has a record that a later one vouches for. */
const twoCommits = [41, 42].map((id) => write([id], 10, 'strict'))

export const flips: fc.Arbitrary<Command> = fc
  .record<Flip>({
    file: fc.constantFrom(...files),
    at: fc.noBias(fc.nat(2 ** 24)),
    bit: fc.nat(7),
    isClosed: fc.boolean(),
    verify: fc.constantFrom('full', 'none'),
  })
  .map((flip) =>
    command(`flip ${JSON.stringify(flip)}`, async (oracle, world) => {
      if (flip.file === 'log' && !flip.isClosed) for (const one of twoCommits) await one.run(oracle, world)
      if (flip.isClosed) await world.db.close()
      const image = world.disk.image()
      const damaged = damagedBy(flip, image, world.disk.trace)
      if (damaged !== undefined) {
        const atLeast = flip.isClosed ? oracle.sealedTxid : oracle.vouchedTxid
        const isDetected = await isDetectedOrHarmless(oracle, damaged, { ...flip, atLeast })
        world.tally[isDetected ? 'flipsDetected' : 'flipsHarmless'] += 1
      }
      if (flip.isClosed) await recover(oracle, world, { image, atLeast: oracle.sealedTxid })
    }),
  )

/** Undefined if the file has no bytes. */
function damagedBy({ file, at, bit }: Flip, image: DiskImage, trace: readonly MediumCall[]): DiskImage | undefined {
  const written = trace.findLast(({ kind, name }) => kind === 'write' && name.startsWith('log-'))
  const target = file !== 'log' ? { name: file, end: Infinity } : written && { name: written.name, end: endOf(written) }
  if (target === undefined) return undefined
  const bytes = Math.min(target.end, bytesInUse(image.get(target.name)))
  return bytes === 0 ? undefined : withFlippedBit(image, { name: target.name, byte: at % bytes, bit })
}

const endOf = ({ at, bytes }: MediumCall) => at + bytes

/** Segments have space set aside, megabytes of zeros: of these one page is in reach. */
function bytesInUse(file: FileImage | undefined): number {
  if (file === undefined) return 0
  const last = file.pages.findLastIndex((page) => !isZero(page))
  return Math.min(file.size, (last + 2) * 4096)
}

async function isDetectedOrHarmless(
  oracle: Oracle,
  image: DiskImage,
  { verify, atLeast }: Pick<Flip, 'verify'> & { readonly atLeast: number },
): Promise<boolean> {
  const disk = new SimDisk(image)
  let db: Database | undefined
  try {
    db = await openAt(simPlace(disk), 'test', { ...options, recovery: { verify } })
    await expectOneCommit(oracle, db, { atLeast })
    if ((await integrityOf(db)) === 'ok') return false
    // SQLite tells of a page that it could not read in a row, and goes on.
    const { checksumFailures } = await firstValueFrom(db.metrics$)
    expect(checksumFailures, 'C1: what SQLite misses was found damaged').toBeGreaterThan(0)
    return true
  } catch (error) {
    if (isDatabaseError(error) && codes.has(error.code)) return true
    throw error
  } finally {
    if (db !== undefined) await die({ disk, db })
  }
}
