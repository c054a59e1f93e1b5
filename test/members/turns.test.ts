/** Members that come, go and take over: what they may rely on while roles change. */
import { firstValueFrom } from 'rxjs'
import { expect, test } from 'vitest'
import { limits } from '../../src/limits.ts'
import { codeOf, openIn, temporaryBase } from '../api/harness.ts'
import { column } from '../attacks/world.ts'
import { openPair } from './pair.ts'

test(
  'more followers than a leader remembers come and go in one epoch: each is served',
  { timeout: 120_000 },
  async () => {
    const { base, leader } = await openPair()
    for (let visit = 1; visit <= limits.clientsMax + 8; visit++) {
      const visitor = await openIn(base)
      expect((await visitor.exec('INSERT INTO t (id) VALUES (?)', [visit])).rowsAffected).toBe(1)
      await visitor.close()
    }
    expect(await column(leader, 'SELECT count(*) FROM t')).toEqual([limits.clientsMax + 8])
    expect(await firstValueFrom(leader.status$)).toMatchObject({ role: 'leader', epoch: 1 })
  },
)

test('the signal of an open that is long over does not end the member when it comes to lead', async () => {
  const base = await temporaryBase()
  const leader = await openIn(base)
  await leader.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
  const opening = new AbortController()
  const follower = await openIn(base, { signal: opening.signal })
  opening.abort()
  await leader.close()
  await follower.exec('INSERT INTO t VALUES (1)')
  expect(await firstValueFrom(follower.status$)).toMatchObject({ role: 'leader' })
})

test('options that mean nothing are refused by a follower as by a leader', async () => {
  const { leader, follower } = await openPair()
  const bad: object[] = [{ deadlineMs: NaN }, { deadlineMs: Infinity }, { durability: 'some' }, { signal: {} }]
  for (const db of [leader, follower]) {
    for (const options of bad) {
      expect(await codeOf(db.exec('SELECT 1', [], options))).toBe('INVALID_OPTIONS')
      expect(await codeOf(db.query('SELECT 1', [], options))).toBe('INVALID_OPTIONS')
      expect(await codeOf(db.transaction(() => undefined, options))).toBe('INVALID_OPTIONS')
    }
    await db.exec('SELECT 1', [], { deadlineMs: 2 ** 31 - 1 })
    await db.transaction((tx) => tx.exec('SELECT 1'), { deadlineMs: 2 ** 31 - 1 })
  }
})
