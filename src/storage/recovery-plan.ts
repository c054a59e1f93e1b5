/**
 * The recovery decision: what was found → what to do. Pure; every case is a row of test/unit/storage/recovery-plan.test.ts.
 * Which records are the log says log-verdict.ts; here it is refused with a code, or recovered.
 */
import type { ErrorCode } from '../errors.ts'
import type { Header } from './header.ts'
import { fileNames } from './format.ts'
import { logVerdict, type LogVerdict } from './log-verdict.ts'
import type { LogFileFinding } from './scan.ts'

export interface Findings {
  readonly header: Header
  readonly logs: readonly LogFileFinding[]
  readonly table: { readonly damagedPages: readonly number[]; readonly isHashRight: boolean }
  readonly home: HomeFinding
}

export interface HomeFinding {
  readonly bytes: number
  /** Bytes 18 and 19 are 255: a reign has folded something and did not close. */
  readonly isGuarded: boolean
  /** Of a home that was plain: what another SQLite did to it. */
  readonly outside: 'unchanged' | 'changed' | 'journal' | 'page-size' | 'wal-mode' | 'partial'
}

export interface Modes {
  readonly onCorruption: 'fail' | 'report' | 'repair'
  readonly homeChanged: 'fail' | 'adopt'
}

export type Plan =
  | {
      readonly kind: 'refuse'
      readonly code: ErrorCode
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }
  | {
      readonly kind: 'recover'
      readonly log: LogVerdict
      readonly adoptsHome: boolean
      readonly rebuildsTable: boolean
      /** Something incomplete or damaged is cut off; else whole records are only folded. */
      readonly isRollback: boolean
    }

export function decide(findings: Findings, modes: Modes): Plan {
  const { header, home, table } = findings
  const log = logVerdict(header, findings.logs)
  const newer = findings.logs.find(({ header, stop }) => header.kind === 'unknown-format' || stop === 'unknown-format')
  if (newer !== undefined) {
    const { file } = newer
    return refuse('FORMAT_UNKNOWN', `${file} was written by a newer version of this package`, { file })
  }
  if (log.isHeaderStale) {
    const details = { file: fileNames.header, logStart: header.logStart }
    return refuse('HEADER_CORRUPT', 'the header is older than the start of the log', details)
  }
  const changed = isChangedOutside(home)
  const hasCommits = log.lastTxid > header.checkpointedTxid
  if (changed && (modes.homeChanged === 'fail' || home.outside !== 'changed' || hasCommits)) {
    return refuseChanged(home, { hasCommits })
  }
  const [image] = log.damagedImages
  if (image !== undefined && log.hasUnknownAlgorithm && modes.onCorruption === 'fail') {
    return refuse('ALGORITHM_MISMATCH', `${image.file} names a checksum algorithm that is not known`, { ...image })
  }
  const damage = log.damage ?? image
  if (damage !== undefined && modes.onCorruption === 'fail') {
    const where = `${damage.file} is damaged at byte ${damage.at}, before the durable end of the log`
    return refuse('LOG_CORRUPT', where, { ...damage })
  }
  const isTableSound = table.damagedPages.length === 0 && table.isHashRight
  if (!isTableSound && modes.onCorruption !== 'repair') {
    const details = { file: fileNames.table, pages: table.damagedPages }
    return refuse('TABLE_CORRUPT', 'the block table is damaged', details)
  }
  const isShort = !changed && home.bytes < log.sizeBlocksMin * header.blockSize
  if (isShort && modes.onCorruption === 'fail') {
    return refuse('HOME_CORRUPT', 'the home file is shorter than the database', {
      file: fileNames.home,
      bytes: home.bytes,
      bytesOwed: log.sizeBlocksMin * header.blockSize,
    })
  }
  const isRollback = log.tornTail !== undefined || log.damage !== undefined || log.discarded.length > 0
  return { kind: 'recover', log, adoptsHome: changed, rebuildsTable: !isTableSound, isRollback }
}

const refuse = (code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}): Plan => ({
  kind: 'refuse',
  code,
  message,
  details,
})

const isChangedOutside = ({ outside }: HomeFinding): boolean => outside !== 'unchanged'

const outsideReasons: Readonly<Record<HomeFinding['outside'], string>> = {
  unchanged: '',
  changed: 'something else wrote the home file while it was closed',
  journal: 'the home file was changed, and a journal or WAL lies beside it: finish with the program that wrote it',
  'page-size': 'the home file was changed and has another page size now',
  'wal-mode': 'the home file was changed and is in WAL mode now: run PRAGMA journal_mode = DELETE in it first',
  partial: 'the home file was changed and does not end with a whole page',
}

/** Commits that only the log holds were made on the home as it was before: the two cannot be put together. */
const refuseChanged = ({ outside, bytes }: HomeFinding, { hasCommits }: { readonly hasCommits: boolean }): Plan =>
  refuse('HOME_CHANGED_OUTSIDE', outsideReasons[outside], {
    file: fileNames.home,
    reason: outside,
    bytes,
    hasUnfoldedCommits: hasCommits,
  })
