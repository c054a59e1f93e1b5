/**
 * Counts what this process does to the files of a database, by their names. Imported before whatever uses node:fs, which it wraps; what
 * is called is the system all the same.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'

type Tally = Record<string, number>

export interface FileCounts {
  readonly opened: Tally
  readonly written: Tally
  readonly flushed: Tally
}

const [base = ''] = process.argv.slice(2)
export const fileCounts = countFiles(base)

/** Only what lies below `base`. */
function countFiles(base: string): FileCounts {
  const counts: FileCounts = { opened: {}, written: {}, flushed: {} }
  const names = new Map<unknown, string>()
  const add = (tally: Tally, fd: unknown) => {
    const name = names.get(fd)
    if (name !== undefined) tally[name] = (tally[name] ?? 0) + 1
  }
  const { openSync } = fs
  const open = (...args: Parameters<typeof openSync>) => {
    const fd = openSync(...args)
    names.delete(fd)
    const file = String(args[0])
    if (file.startsWith(base)) names.set(fd, path.basename(file))
    add(counts.opened, fd)
    return fd
  }
  const counting = (
    tally: Tally,
    method: 'writeSync' | 'ftruncateSync' | 'fsyncSync' | 'fdatasyncSync' | 'fdatasync',
  ) => {
    const real = fs[method] as (fd: number, ...rest: unknown[]) => unknown
    return {
      [method]: (fd: number, ...rest: unknown[]) => {
        add(tally, fd)
        return real(fd, ...rest)
      },
    }
  }
  Object.assign(
    fs,
    { openSync: open },
    counting(counts.written, 'writeSync'),
    counting(counts.written, 'ftruncateSync'),
    counting(counts.flushed, 'fsyncSync'),
    counting(counts.flushed, 'fdatasyncSync'),
    counting(counts.flushed, 'fdatasync'),
  )
  syncBuiltinESMExports()
  return counts
}
