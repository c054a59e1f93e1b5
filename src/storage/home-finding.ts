/** Whether a home that was left as a plain SQLite file is still what was left. */
import { blockNo } from '../units.ts'
import { verifyBlock } from './block-entry.ts'
import type { BlockTable } from './block-table.ts'
import { isEqual, viewOf } from './bytes.ts'
import type { FileSystem, StoreFile } from './file-system.ts'
import { fileNames } from './format.ts'
import type { Header } from './header.ts'
import { hasGuard } from './home.ts'
import type { HomeFinding } from './recovery-plan.ts'
import type { LogFileFinding } from './scan.ts'

const MAGIC = new TextEncoder().encode('SQLite format 3\0')

export async function findHome(
  fs: FileSystem,
  file: StoreFile,
  known: { readonly header: Header; readonly table: BlockTable; readonly logs: readonly LogFileFinding[] },
): Promise<HomeFinding> {
  const isGuarded = hasGuard(file)
  const bytes = file.size()
  const mayDiffer = known.header.isPlain && !isGuarded && !isAsLeft(file, known)
  return { bytes, isGuarded, outside: mayDiffer ? await outsideOf(fs, file, known.header) : 'unchanged' }
}

/**
 * Every SQLite that writes changes block 0: its change counter (byte 24) or its size (28). A block 0 that differs elsewhere alone
 * has rotted, and one that is no SQLite header at all is damaged; both are for verification, not for adoption.
 */
function isAsLeft(
  file: StoreFile,
  {
    header,
    table,
    logs,
  }: { readonly header: Header; readonly table: BlockTable; readonly logs: readonly LogFileFinding[] },
): boolean {
  const { blockSize, sizeBlocks } = header
  const block = new Uint8Array(blockSize)
  file.read(block, 0)
  if (!isEqual(block.subarray(0, MAGIC.length), MAGIC)) return true
  const entry = table.get(blockNo(0))
  if (entry?.isTombstone === true || sizeBlocks === 0) return false
  // Without an entry the table is damaged, which says nothing about the home.
  const isWhole = entry !== undefined && file.size() === sizeBlocks * blockSize
  if (isWhole && isSound(() => verifyBlock(blockNo(0), entry, block, file.name))) return true
  const carried = carriedBlock0(logs, header)
  return carried !== undefined && isEqual(carried.subarray(24, 32), block.subarray(24, 32))
}

function carriedBlock0(logs: readonly LogFileFinding[], { logStart }: Header): Uint8Array | undefined {
  const log = logs.find(({ header }) => header.kind === 'sound' && header.value.sequence === logStart)
  return log?.block0
}

async function outsideOf(fs: FileSystem, file: StoreFile, { blockSize }: Header): Promise<HomeFinding['outside']> {
  const names = await fs.list()
  for (const name of [`${fileNames.home}-journal`, `${fileNames.home}-wal`]) {
    if (names.includes(name) && (await sizeOf(fs, name)) > 0) return 'journal'
  }
  const head = new Uint8Array(100)
  file.read(head, 0)
  const pageSize = viewOf(head).getUint16(16)
  if ((pageSize === 1 ? 65_536 : pageSize) !== blockSize) return 'page-size'
  if (head[18] !== 1 || head[19] !== 1) return 'wal-mode'
  return file.size() % blockSize === 0 ? 'changed' : 'partial'
}

async function sizeOf(fs: FileSystem, name: string): Promise<number> {
  const file = await fs.open(name, { create: false })
  try {
    return file.size()
  } finally {
    file.close()
  }
}

function isSound(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}
