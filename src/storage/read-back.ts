/** Reads the last record back from the medium and compares it with what was written. */
import { DatabaseError } from '../errors.ts'
import type { CommitLog } from './commit-log.ts'
import { decodeRecord } from './record-decoder.ts'

/** @throws READBACK_MISMATCH, STORAGE_FAILED */
export function readBack(log: CommitLog, storeId: string): void {
  const { file, end, hash, lastBytes } = log.active
  const at = end - lastBytes
  const decoded = decodeRecord(file, at, storeId)
  // The hash covers entries and with them the checksums of all images, so that equal hashes and sound images are equal bytes.
  if (decoded.kind === 'whole' && decoded.record.hash === hash && decoded.damaged.length === 0) return
  throw new DatabaseError(
    'READBACK_MISMATCH',
    `${file.name}: the record at ${at} did not read back as it was written`,
    {
      details: { file: file.name, at },
    },
  )
}
