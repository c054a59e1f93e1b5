/** What a profile's files say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export type IndexedDbBackend = 'leveldb' | 'sqlite'

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
