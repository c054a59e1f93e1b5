/** Where a profile lies, and what its files say. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const MEMORY = '/dev/shm'
const ROOM_BYTES = 4 * 2 ** 30

/**
 * A directory for a profile, in memory where there is room: a browser that starts writes dozens of databases of its own and waits for the disk
 * each time. When processes die the system keeps what it was handed, there as on a disk; a power loss is shown on neither.
 */
export function newProfileDirectory(): string {
  return mkdtempSync(path.join(hasRoom(MEMORY) ? MEMORY : tmpdir(), 'datasync-profile-'))
}

function hasRoom(directory: string): boolean {
  if (!existsSync(directory)) return false
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize >= ROOM_BYTES
}

export type IndexedDbBackend = 'leveldb' | 'sqlite'

/** Chromium is moving IndexedDB from LevelDB to SQLite; this asks for the new one. Which it is, tells `indexedDbBackend`. */
export const sqliteFlag = '--enable-features=IdbSqliteBackingStore'

/**
 * Which of Chromium's two backends keeps the databases of this profile, by the first bytes of its files; undefined if it has none. A
 * flag may be ignored: a test that is about a backend looks here.
 */
export function indexedDbBackend(profile: string): IndexedDbBackend | undefined {
  const directory = path.join(profile, 'Default/IndexedDB')
  if (!existsSync(directory)) return undefined
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const isLevelDb = files.some(({ name, parentPath }) => name === 'CURRENT' && parentPath.endsWith('.leveldb'))
  const isSqlite = files.some(({ name, parentPath }) => isSqliteFile(path.join(parentPath, name)))
  if (isLevelDb && isSqlite) throw new Error(`both backends have written to ${directory}`)
  if (isLevelDb) return 'leveldb'
  return isSqlite ? 'sqlite' : undefined
}

function isSqliteFile(file: string): boolean {
  try {
    return readFileSync(file).subarray(0, 16).toString('latin1') === 'SQLite format 3\0'
  } catch (error) {
    // The browser runs on and removes files; what is gone says nothing.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
