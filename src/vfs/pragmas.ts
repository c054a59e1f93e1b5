/**
 * What a PRAGMA with a value does when a request sends it. Without a value every PRAGMA only reads and is SQLite's own affair.
 *
 * - answered: how the file is kept is decided at open. SQLite is kept from acting and the value in force is the answer, as SQLite
 *   itself answers an impossible journal mode, so that scripts written for files run. A notice says so.
 * - refused: it would change what later statements mean, for every caller, until the connection is made anew.
 * - transient: it works, changes no result, and is gone when the connection is made anew. A notice says so.
 * - passed: it belongs to the file (user_version, auto_vacuum, encoding) or is a question in the form of a setting.
 */
import { DatabaseError } from '../errors.ts'
import type { ConnectionPragmas } from '../sql.ts'
import type { PragmaAnswer } from './database-vfs.ts'

export interface PragmaNotice {
  readonly pragma: string
  readonly message: string
}

/** The values in force, which requests can read but not set. */
export interface PragmasInForce {
  readonly blockSize: number
  /** As PRAGMA synchronous reads: 0 for deferred, 1 for relaxed, 2 for strict. */
  readonly synchronousLevel: number
}

const answered: ReadonlyMap<string, { readonly row: 'memory' | 'exclusive' | undefined; readonly message: string }> =
  new Map([
    [
      'journal_mode',
      { row: 'memory', message: 'the commit log is the journal; option `durability` says what a commit survives' },
    ],
    ['locking_mode', { row: 'exclusive', message: 'the database has one writer, which forwards for the others' }],
    ['page_size', { row: undefined, message: 'option `blockSize` sets it when the database is made' }],
    ['temp_store', { row: undefined, message: 'temporary files are kept in memory' }],
    ['synchronous', { row: undefined, message: 'option `durability` of open or of the request sets it' }],
  ])

/** Refused, with the option that sets it where there is one. */
const refused: ReadonlyMap<string, keyof ConnectionPragmas | undefined> = new Map([
  ['foreign_keys', 'foreignKeys'],
  ['defer_foreign_keys', 'deferForeignKeys'],
  ['recursive_triggers', 'recursiveTriggers'],
  ['case_sensitive_like', 'caseSensitiveLike'],
  ['reverse_unordered_selects', 'reverseUnorderedSelects'],
  ['trusted_schema', 'trustedSchema'],
  ['cell_size_check', 'cellSizeCheck'],
  ...(
    [
      'legacy_alter_table',
      'writable_schema',
      'schema_version',
      'ignore_check_constraints',
      'query_only',
      'read_uncommitted',
      'max_page_count',
      'hard_heap_limit',
      'soft_heap_limit',
      'count_changes',
      'short_column_names',
      'full_column_names',
      'empty_result_callbacks',
      'temp_store_directory',
      'data_store_directory',
    ] as const
  ).map((name) => [name, undefined] as const),
])

const transient: ReadonlySet<string> = new Set([
  'cache_size',
  'cache_spill',
  'secure_delete',
  'automatic_index',
  'analysis_limit',
  'threads',
  'busy_timeout',
  'journal_size_limit',
  'mmap_size',
  'wal_autocheckpoint',
  'fullfsync',
  'checkpoint_fullfsync',
])

/** Asked before a PRAGMA is prepared. Throws if it is refused; tells `onNotice` if it will not last. */
export function checkPragma(
  request: { readonly name: string; readonly value: string | undefined; readonly schema: string | undefined },
  state: { readonly isInTransaction: boolean; readonly onNotice: (notice: PragmaNotice) => void },
): void {
  if (request.value === undefined) return
  const name = request.name.toLowerCase()
  const isOther = request.schema !== undefined && request.schema.toLowerCase() !== 'main'
  // SQLite takes it back at COMMIT and ROLLBACK, so inside a transaction it concerns nobody else.
  if (name === 'defer_foreign_keys' && state.isInTransaction) return
  if (refused.has(name) || (isOther && (answered.has(name) || transient.has(name)))) throw settingRefused(name)
  if (transient.has(name)) {
    state.onNotice({ pragma: name, message: 'it is gone when the connection is made anew; OpenOptions.pragmas lasts' })
  }
}

/** Asked by SQLite through the file: the answer to give in its place, or undefined. */
export function answerPragma(
  name: string,
  value: string | undefined,
  onNotice: (notice: PragmaNotice) => void,
): PragmaAnswer | undefined {
  const answer = value === undefined ? undefined : answered.get(name)
  if (answer === undefined) return undefined
  onNotice({ pragma: name, message: `nothing was changed: ${answer.message}` })
  return { row: answer.row }
}

/**
 * What a new connection is told. Order matters: the page size counts only before the first page is written. Temporary files are
 * "files", which the VFS keeps in memory: SQLite's own memory for them would be part of the WASM heap, which nothing bounds here
 * and which never shrinks.
 */
export function connectionPragmas(pragmas: ConnectionPragmas, inForce: PragmasInForce): readonly string[] {
  const flag = (name: string, value: boolean | undefined) =>
    value === undefined ? [] : [`${name}=${value ? 'ON' : 'OFF'}`]
  return [
    `page_size=${inForce.blockSize}`,
    'locking_mode=EXCLUSIVE',
    'journal_mode=MEMORY',
    'temp_store=FILE',
    `synchronous=${inForce.synchronousLevel}`,
    ...flag('foreign_keys', pragmas.foreignKeys),
    ...flag('recursive_triggers', pragmas.recursiveTriggers),
    ...flag('case_sensitive_like', pragmas.caseSensitiveLike),
    ...flag('reverse_unordered_selects', pragmas.reverseUnorderedSelects),
    ...flag('trusted_schema', pragmas.trustedSchema),
    ...flag('cell_size_check', pragmas.cellSizeCheck),
    ...(pragmas.cacheSize === undefined ? [] : [`cache_size=${pragmas.cacheSize}`]),
  ]
}

function settingRefused(name: string): DatabaseError {
  const option = refused.get(name)
  const how = option === undefined ? 'it cannot be set' : `set OpenOptions.pragmas.${option}`
  return new DatabaseError(
    'SETTING_REFUSED',
    `PRAGMA ${name} would change what the statements of every caller mean; ${how}`,
    {
      details: { pragma: name, option },
    },
  )
}
