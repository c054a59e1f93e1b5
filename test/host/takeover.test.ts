/** A member comes to lead with requests of its own still waiting: what is asked afterwards does not overtake them. */
import { expect, test } from 'vitest'
import type { Led } from '../../src/api.ts'
import { systemClock } from '../../src/effects/clock.ts'
import { Forwarder } from '../../src/host/forwarder.ts'
import { SharedDatabase } from '../../src/host/shared-database.ts'
import { SharedStreams } from '../../src/host/shared-streams.ts'
import { limits } from '../../src/limits.ts'

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
