/** Space in segment files: growing them is one failure, writing into them another. */
import { DatabaseError, isDatabaseError } from '../errors.ts'
import { KiB, MiB } from '../units.ts'
import { alignUp } from './bytes.ts'
import type { StoreFile } from './file-system.ts'
import type { Segment } from './segment.ts'

const GROWTH_BYTES = MiB
const zeros = new Uint8Array(256 * KiB)

/** Space is there already: whatever fails now, a full disk included, leaves it unknown what was written. */
export function writeFully(file: StoreFile, bytes: Uint8Array, at: number): void {
  try {
    file.write(bytes, at)
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    throw new DatabaseError('STORAGE_FAILED', error.message, {
      cause: error,
      details: error.details,
      outcome: 'unknown',
    })
  }
}

/** Space before bytes: a full disk is noticed while nothing of the record is written. @throws STORAGE_FULL */
export function grow(segment: Segment, end: number): void {
  if (end <= segment.fileBytes) return
  const target = alignUp(end, Math.min(GROWTH_BYTES, end))
  while (segment.fileBytes < target) {
    const piece = zeros.subarray(0, Math.min(zeros.length, target - segment.fileBytes))
    try {
      segment.file.write(piece, segment.fileBytes)
    } catch (error) {
      segment.fileBytes = segment.file.size()
      throw error
    }
    segment.fileBytes += piece.length
  }
}
