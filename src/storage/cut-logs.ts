/**
 * Files of the log that are shorter than they were made. They are made whole, behind a barrier, before the store counts as made, and are never
 * cut below that by us: who cut one has taken commits with it, and at a record's end nothing else would show that.
 */
import { DatabaseError } from '../errors.ts'
import type { StoreFile } from './file-system.ts'

export interface CutLog {
  readonly file: StoreFile
  /** What it has, and what it was made of. */
  readonly bytes: number
  readonly bytesOwed: number
}

export const cutLogsOf = (logs: readonly StoreFile[], segmentBytes: number): readonly CutLog[] =>
  logs
    .map((file) => ({ file, bytes: file.size(), bytesOwed: segmentBytes }))
    .filter(({ bytes, bytesOwed }) => bytes < bytesOwed)

/** Zeros, as in a file that was just made. A barrier that covers what is written there covers them. */
export function makeWhole({ file, bytes, bytesOwed }: CutLog): void {
  file.write(new Uint8Array(bytesOwed - bytes), bytes)
}

export function cutRefusal({ file, bytes, bytesOwed }: CutLog): DatabaseError {
  const message = `${file.name} is cut short: it has ${bytes} bytes of at least ${bytesOwed}, and commits may have stood behind them; open it with recovery.onCorruption "report" or "repair" to go on with what is left, or restore a backup`
  return new DatabaseError('LOG_CORRUPT', message, { details: { file: file.name, bytes, bytesOwed } })
}
