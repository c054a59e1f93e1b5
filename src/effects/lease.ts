/**
 * The right to lead in Node: an exclusive lock of the operating system on one byte of the file `lease`, held for the reign. The kernel
 * frees it when the holder dies and keeps it while the holder is stopped. The file is never unlinked or renamed; the locked
 * byte lies far beyond the text, which says who holds it. Safety does not rest on this but on the epoch.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'
import { DatabaseError } from '../errors.ts'
import type { Awaitable, Epoch } from '../units.ts'
import type { Address } from '../wire/transport.ts'

/** One byte far beyond the text: Windows locks are mandatory, and the text must stay readable. */
const LOCK_AT = 2 ** 40
/** SQLite's own lock bytes: another SQLite that opens the home finds it busy. */
const SQLITE_LOCK_AT = 0x4000_0000
const SQLITE_LOCK_LENGTH = 512
const TEXT_BYTES = 512
const HOME = 'database.sqlite'

export interface Lease {
  /** Greatest epoch an earlier holder noted; 0 if none. A hint that can only raise the next one. */
  readonly notedEpoch: Epoch
  /** Says who leads, and where to reach it once it can be. */
  note(epoch: Epoch, address?: Address): void
  /** Locks the home against other SQLites, if it was not there to be locked with the lease. @throws STORE_LOCKED */
  lockHome(): void
  /** Resolves when another one can have it. */
  release(): Awaitable<void>
}

/** A lock of the operating system is free at once. */
interface FileLease extends Lease {
  release(): void | Promise<void>
}

/** Takes the lease of a database's directory, and its home. @throws STORE_LOCKED with the holder's pid; STORAGE_FAILED */
export function acquireLease(directory: string): FileLease {
  const lease = tryLease(directory)
  if ('release' in lease) return lease
  throw locked(directory, lease)
}

/** The lease, or who holds it. @throws STORE_LOCKED when another SQLite has the home; STORE_LOST; STORAGE_FAILED */
export function tryLease(directory: string): FileLease | Holder {
  if (!existsSync(directory)) throw lost(directory)
  const path = join(directory, 'lease')
  const fd = attempt(path, () => openSync(path, 'a+', 0o600))
  const textFd = attempt(path, () => openSync(path, 'r+'))
  let homeFd: number | undefined
  const close = () => {
    // The home first: whoever gets the lease next wants both.
    for (const open of [homeFd, textFd, fd]) if (open !== undefined) closeSync(open)
  }
  if (!tryLock(fd, LOCK_AT, 1) || !isSameFile(fd, path)) {
    const holder = holderOf(path)
    close()
    return holder
  }
  const home = join(directory, HOME)
  const lockHome = () => {
    if (homeFd !== undefined) return
    const opened = attempt(home, () => openSync(home, 'r+'))
    if (tryLock(opened, SQLITE_LOCK_AT, SQLITE_LOCK_LENGTH)) {
      homeFd = opened
      return
    }
    closeSync(opened)
    throw busy(home)
  }
  try {
    // Before anything is written: a writer that lives keeps its reign though somebody unlinked its lease.
    if (existsSync(home)) lockHome()
  } catch (error) {
    close()
    throw error
  }
  const before = holderOf(path)
  let reachedAt = addressOf(before)
  return {
    notedEpoch: (typeof before.epoch === 'number' && Number.isSafeInteger(before.epoch) ? before.epoch : 0) as Epoch,
    note(epoch, address) {
      // Until we can be reached it stays said where the last one was, so that what it left there can be removed.
      reachedAt = address ?? reachedAt
      writeText(textFd, { pid: process.pid, epoch, ...reachedAt })
    },
    lockHome,
    release: close,
  }
}

/** Where the leader says that it can be reached; undefined while it cannot. A hint: it may be of one that is gone. */
export const notedAddress = (directory: string): Address | undefined => addressOf(noted(directory))

/** Who says that it leads, or did last. */
export function notedPid(directory: string): { readonly pid?: number } {
  const { pid } = noted(directory)
  return typeof pid === 'number' ? { pid } : {}
}

function noted(directory: string): Holder {
  try {
    return holderOf(join(directory, 'lease'))
  } catch (error) {
    // A hint: where none can be read there is none.
    if (error instanceof Error && 'code' in error) return {}
    throw error
  }
}

function addressOf({ socket, token }: Holder): Address | undefined {
  return typeof socket === 'string' && typeof token === 'string' ? { socket, token } : undefined
}

export interface Holder extends Partial<Address> {
  readonly pid?: number
  readonly epoch?: number
}

/** What the text says; a torn or foreign text says nothing. */
function holderOf(path: string): Holder {
  const text = readFileSync(path, 'utf8').replaceAll('\0', '').trim()
  if (!/^\{.*\}$/.test(text)) return {}
  try {
    return JSON.parse(text) as Holder
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

function writeText(fd: number, holder: Holder): void {
  writeSync(fd, Buffer.from(JSON.stringify(holder).padEnd(TEXT_BYTES)), 0, TEXT_BYTES, 0)
}

/** The path still names what was locked: the file was not replaced between opening and locking. */
function isSameFile(fd: number, path: string): boolean {
  const [opened, named] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })]
  return opened.ino === named?.ino && opened.dev === named.dev
}

function attempt<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (cause) {
    throw new DatabaseError(
      'STORAGE_FAILED',
      `${path} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
        details: { path },
      },
    )
  }
}

/** It was made when the database was opened. */
const lost = (directory: string) =>
  new DatabaseError('STORE_LOST', `${directory}, in which the database lay, is not there any more`, {
    details: { directory },
  })

const busy = (file: string) =>
  new DatabaseError('STORE_LOCKED', `another SQLite has ${file} open; close it there first`, { details: { file } })

const locked = (directory: string, { pid }: Holder) =>
  new DatabaseError(
    'STORE_LOCKED',
    `${directory} is open in ${pid === undefined ? 'another process' : `process ${pid}`}`,
    {
      details: { directory, ...(pid === undefined ? {} : { pid }) },
      retryable: true,
    },
  )
