/** Databases for tests: in memory, or in a directory of their own that goes away with the test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type Database,
  type DatabaseError,
  type DatabaseEvent,
  type OpenOptions,
  isDatabaseError,
  open,
} from '../../src/index.ts'

/** An open database that is closed when the test ends. */
export async function openMemory(options: OpenOptions = {}): Promise<Database> {
  const db = await open('test', { storage: 'memory', ...options })
  onTestFinished(() => db.close())
  return db
}

/** A directory for databases that is removed when the test ends. */
export async function temporaryBase(): Promise<string> {
  const base = await mkdtemp(path.join(tmpdir(), 'datasync-test-'))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  return base
}

export async function openIn(base: string, options: OpenOptions = {}): Promise<Database> {
  const db = await open('test', { ...options, storage: { kind: 'fs', base } })
  onTestFinished(() => db.close())
  return db
}

/** Everything the stream tells from now on. */
export function recordEvents(db: Database): DatabaseEvent[] {
  const events: DatabaseEvent[] = []
  db.events$.subscribe((event) => events.push(event))
  return events
}

/** The error a promise rejects with; fails if it does not, or if it is none of ours. */
export async function errorOf(promise: Promise<unknown>): Promise<DatabaseError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) throw new Error(`expected an error, got ${JSON.stringify(outcome.value)}`)
  if (!isDatabaseError(outcome.error)) throw new Error('not a DatabaseError', { cause: outcome.error })
  return outcome.error
}

export const codeOf = async (promise: Promise<unknown>): Promise<string> => (await errorOf(promise)).code
