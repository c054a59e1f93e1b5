/** Tells that a block was read which is not what its checksum says. Other errors are none of these, and not told here. */
import { isDatabaseError } from '../errors.ts'
import type { Streams } from './streams.ts'

export function tellDamage(streams: Streams, error: unknown): void {
  if (!isDatabaseError(error, 'CHECKSUM_MISMATCH') && !isDatabaseError(error, 'ALGORITHM_MISMATCH')) return
  const { blockNo, file } = error.details
  streams.emit({ type: 'checksum.mismatched', blockNo: Number(blockNo), file: String(file) })
  streams.measuredChanged()
}
