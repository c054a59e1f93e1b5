/** The recovery decision on this medium: what was found → the code that refuses it, or nothing. Pure. */
import { DatabaseError, type ErrorCode } from '../../errors.ts'
import type { HomeFound } from './load-home.ts'
import type { IdbLogVerdict } from './log-verdict.ts'

export function refusalOf(
  log: IdbLogVerdict,
  { damagedPages }: Pick<HomeFound, 'damagedPages'>,
  { onCorruption }: { readonly onCorruption: 'fail' | 'report' | 'repair' },
): DatabaseError | undefined {
  const refuse = (code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) =>
    new DatabaseError(code, message, { details })
  if (log.hasUnknownFormat) return refuse('FORMAT_UNKNOWN', 'the log was written by a newer version of this package')
  if (damagedPages.length > 0 && onCorruption !== 'repair') {
    return refuse('TABLE_CORRUPT', 'the block table is damaged', { file: 'table', pages: damagedPages })
  }
  if (onCorruption !== 'fail') return undefined
  const [image] = log.damagedImages
  if (log.hasUnknownAlgorithm)
    return refuse('ALGORITHM_MISMATCH', 'the log names a checksum algorithm that is not known', { ...image })
  const damage = log.damage ?? image
  if (damage !== undefined) {
    return refuse('LOG_CORRUPT', `the log is damaged at key ${damage.at}, before its durable end`, { ...damage })
  }
  return undefined
}
