/** A member comes to lead with requests of its own still waiting: what is asked afterwards does not overtake them. */
import { expect, test } from 'vitest'
import type { Led } from '../../src/api.ts'
import { systemClock } from '../../src/effects/clock.ts'
import { Forwarder } from '../../src/host/forwarder.ts'
import { SharedDatabase } from '../../src/host/shared-database.ts'
import { SharedStreams } from '../../src/host/shared-streams.ts'
import { limits } from '../../src/limits.ts'
import { errorOf } from '../api/harness.ts'
import { deferred } from './deferred.ts'

test('what was given up while nobody led is not run by whoever leads next', async () => {
  const ran: string[] = []
  const exec = (sql: string) => {
    ran.push(sql)
    return Promise.resolve({})
  }
  const forwarder = new Forwarder({ timer: systemClock, newId: () => 'client', onWaiting: () => undefined })
  const close = () => Promise.resolve()
  const db = new SharedDatabase('test', { forwarder, streams: new SharedStreams(), durability: 'strict', close })
  const stop = new AbortController()
  const withdrawn = errorOf(db.exec('withdrawn', [], { signal: stop.signal }))
  const late = errorOf(db.exec('late', [], { deadlineMs: 1 }))
  const kept = db.exec('kept')
  stop.abort()
  expect(await withdrawn).toMatchObject({ code: 'ABORTED', outcome: undefined })
  expect(await late).toMatchObject({ code: 'LEADER_UNRESPONSIVE', outcome: undefined })
  forwarder.lead({ exec } as unknown as Led, 1)
  await kept
  expect(ran).toEqual(['kept'])
  expect(forwarder.isBehind).toBe(false)
})

test('what was given up while there was no room for it is not run when there is', async () => {
  const ran: string[] = []
  const gate = deferred()
  const led = {
    async exec(sql: string) {
      ran.push(sql)
      await gate.promise
      return {}
    },
  } as unknown as Led
  const forwarder = new Forwarder({ timer: systemClock, newId: () => 'client', onWaiting: () => undefined })
  const close = () => Promise.resolve()
  const db = new SharedDatabase('test', { forwarder, streams: new SharedStreams(), durability: 'strict', close })
  forwarder.lead(led, 1)
  const underway = Array.from({ length: limits.requestWindow }, () => db.exec('underway'))
  const stop = new AbortController()
  const withdrawn = errorOf(db.exec('withdrawn', [], { signal: stop.signal }))
  expect(forwarder.isBehind).toBe(true)
  stop.abort()
  expect(await withdrawn).toMatchObject({ code: 'ABORTED', outcome: undefined })
  expect(forwarder.isBehind).toBe(false)
  const next = db.exec('next')
  gate.resolve()
  await Promise.all([...underway, next])
  expect(ran).toEqual([...underway.map(() => 'underway'), 'next'])
})

test('what was asked before a member came to lead runs before what is asked afterwards', async () => {
  const ran: string[] = []
  const led = {
    exec(sql: string) {
      ran.push(sql)
      return Promise.resolve({})
    },
  } as unknown as Led
  const forwarder = new Forwarder({ timer: systemClock, newId: () => 'client', onWaiting: () => undefined })
  const close = () => Promise.resolve()
  const db = new SharedDatabase('test', { forwarder, streams: new SharedStreams(), durability: 'strict', close })
  // More than may be underway at once.
  const before = Array.from({ length: 2 * limits.requestWindow }, (_, at) => `before ${at}`)
  const asked = before.map((sql) => db.exec(sql))
  db.leadHere(led)
  forwarder.lead(led, 1)
  expect(ran).toHaveLength(limits.requestWindow)
  asked.push(db.exec('after'))
  await Promise.all(asked)
  expect(ran).toEqual([...before, 'after'])
})
