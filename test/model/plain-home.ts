/**
 * After a clean close the home is the database and nothing else: each byte of `database.sqlite` is held against what the database was,
 * bytes 18 and 19 included. It has to be so for the next process, and after a power loss as well, unless a barrier has failed before:
 * what that has abandoned may be lost whatever a later one says. The store mends it when it is opened and closed again.
 */
import { fileNames } from '../../src/storage/format.ts'
import { isZero } from '../../src/storage/bytes.ts'
import { imageAfter } from './crash-images.ts'
import type { StoreState } from './reference.ts'
import type { SimDisk } from './sim-disk.ts'
import { type DiskImage, emptyFile, hashOfBytes, readImage } from './sim-image.ts'

/** @throws when the home is not the database in `state`, now or after a power loss that drops what is behind no barrier */
export function assertPlainHome(disk: SimDisk, state: StoreState, blockBytes: number): void {
  for (const [when, image] of imagesOf(disk)) {
    const difference = differenceOfHome(bytesOfHome(image), state, blockBytes)
    if (difference !== undefined) throw new Error(`plain home, ${when}: ${difference}`)
  }
}

/** The whole home, as the next process finds it and as a power loss leaves it at the least. */
export function homesOf(disk: SimDisk): readonly Uint8Array[] {
  return imagesOf(disk).map(([, image]) => bytesOfHome(image))
}

function imagesOf(disk: SimDisk): readonly (readonly [string, DiskImage])[] {
  const point = disk.crashPoint()
  const now = ['after the process', disk.image()] as const
  if (point.ops.some(({ certainty }) => certainty === 'abandoned')) return [now]
  const fates = point.ops.map(({ certainty }) => (certainty === 'sure' ? 'kept' : 'dropped'))
  return [now, ['after a power loss', imageAfter(point, fates)]]
}

function bytesOfHome(image: DiskImage): Uint8Array {
  const file = image.get(fileNames.home) ?? emptyFile
  const bytes = new Uint8Array(file.size)
  readImage(file, bytes, 0)
  return bytes
}

function differenceOfHome(home: Uint8Array, state: StoreState, blockBytes: number): string | undefined {
  const { sizeBlocks, blocks } = state
  if (home.length !== sizeBlocks * blockBytes) return `${home.length} bytes for ${sizeBlocks} blocks of ${blockBytes}`
  for (let at = 0; at < sizeBlocks; at++) {
    const bytes = home.subarray(at * blockBytes, (at + 1) * blockBytes)
    const is = isZero(bytes) ? 'zeros' : hashOfBytes(bytes)
    const owed = blocks.get(at)?.content ?? 'zeros'
    if (is !== owed) return `block ${at} is ${is} instead of ${owed}`
  }
  return undefined
}
