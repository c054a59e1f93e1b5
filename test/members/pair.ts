/** A leader and a follower in one process, and the table that they have. */
import type { Database } from '../../src/index.ts'
import { openIn, temporaryBase } from '../api/harness.ts'

export interface Pair {
  readonly base: string
  readonly leader: Database
  readonly follower: Database
}

export async function openPair(): Promise<Pair> {
  const base = await temporaryBase()
  const leader = await openIn(base)
  const follower = await openIn(base)
  await leader.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)')
  return { base, leader, follower }
}
