/** Import: a plain SQLite file becomes the database in one commit, after it was looked at as a whole. */
import { assert } from './assert.ts'
import type { SqlEngine } from './effects/ports.ts'
import { DatabaseError, isDatabaseError } from './errors.ts'
import { limits } from './limits.ts'
import { type ReadableBlocks, View } from './storage/view.ts'
import { type BlockNo, blockNo, txid } from './units.ts'

const MAGIC = 'SQLite format 3\0'

/** Checks what the first page says of the file. @throws IMPORT_INVALID */
export function assertImportable(file: Uint8Array, blockSize: number): void {
  if (file.length < 100 || new TextDecoder('latin1').decode(file.subarray(0, 16)) !== MAGIC) {
    throw invalid('the source is not an SQLite database file')
  }
  const header = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const stored = header.getUint16(16)
  const pageSize = stored === 1 ? 65_536 : stored
  if (pageSize !== blockSize) {
    throw invalid(
      `its pages have ${pageSize} bytes and the blocks of this database ${blockSize}; VACUUM it with PRAGMA page_size = ${blockSize} first`,
    )
  }
  const [write, read] = [file[18], file[19]]
  if (write !== 1 || read !== 1) {
    const why =
      write === 255
        ? 'it is the home of a store that was not closed'
        : 'it is in WAL mode; run PRAGMA journal_mode = DELETE on it first'
    throw invalid(`its format version is ${write}/${read}: ${why}`)
  }
  if (file.length % pageSize !== 0) throw invalid(`its ${file.length} bytes are not a whole number of pages`)
}

/** The file as blocks, so that SQLite can look at it before it is anyone's database. */
export function blocksOf(file: Uint8Array, blockSize: number): ReadableBlocks {
  assert(file.length % blockSize === 0, 'a database is a whole number of blocks')
  return {
    blockSize,
    sizeBlocks: file.length / blockSize,
    positions: { writtenTxid: txid(0) },
    read: (at: BlockNo, into: Uint8Array) => into.set(file.subarray(at * blockSize, (at + 1) * blockSize)),
  }
}

/** Has SQLite look at the whole file. @throws IMPORT_INVALID; what making an engine meets that is not the file's fault */
export async function assertSound(
  file: Uint8Array,
  blockSize: number,
  makeEngine: (view: View) => Promise<SqlEngine>,
): Promise<void> {
  let engine: SqlEngine | undefined
  try {
    engine = await makeEngine(new View(blocksOf(file, blockSize), { transactionBytesMax: limits.transactionBytesMax }))
    const { resultBytesMax } = limits
    const { rows } = engine.run('PRAGMA integrity_check', undefined, { rowMode: 'array', resultBytesMax })
    const problems = rows.map((row) => String((row as readonly unknown[])[0])).filter((text) => text !== 'ok')
    if (problems.length > 0) throw invalid(`integrity_check says: ${problems.slice(0, 3).join('; ')}`)
  } catch (error) {
    const isFault = isDatabaseError(error, 'SQL_ERROR') || isDatabaseError(error, 'DATABASE_FAILED')
    if (!isFault) throw error
    throw invalid(`SQLite cannot read it: ${error.message}`, error)
  } finally {
    engine?.close()
  }
}

/**
 * Stages the file as the open transaction, all or nothing: half a file is never part of somebody's commit.
 * @throws TRANSACTION_TOO_LARGE when there is no memory for it, IMPORT_INVALID for what else is met
 */
export function stage(file: Uint8Array, view: View): void {
  const { blockSize } = view
  try {
    view.truncate(0)
    for (let at = 0; at < file.length; at += blockSize)
      view.write(blockNo(at / blockSize), file.subarray(at, at + blockSize))
  } catch (error) {
    view.dropOverlay()
    throw stagingError(error)
  }
}

function stagingError(error: unknown): DatabaseError {
  if (isDatabaseError(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof RangeError)) return invalid(`it could not be staged: ${message}`, error)
  return new DatabaseError('TRANSACTION_TOO_LARGE', `import: ${message}`, { cause: error })
}

const invalid = (message: string, cause?: unknown) =>
  new DatabaseError('IMPORT_INVALID', `import: ${message}`, { cause })
