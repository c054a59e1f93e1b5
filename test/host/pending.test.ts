/** An id that has its end keeps nothing: no timer, no listener. */
import { expect, test } from 'vitest'
import { Pending } from '../../src/host/pending.ts'
import { Withdrawal } from '../../src/host/withdrawal.ts'
import type { ClientMessage } from '../../src/wire/protocol.ts'

function pending() {
  const timers = new Set<() => void>()
  const posted: ClientMessage[] = []
  const after = (_: number, fn: () => void) => {
    timers.add(fn)
    return () => void timers.delete(fn)
  }
  const waiting = new Pending((message) => posted.push(message), { now: () => 0, after })
  return { waiting, timers, posted }
}

const ask = (id: number) => ({ kind: 'export', id }) as const

test('answered, each gives its timer and its signal back', async () => {
  const { waiting, timers, posted } = pending()
  const signal = new Withdrawal()
  const asked = [1, 2, 3].map(() => waiting.ask(ask, { waitMs: 100, signal }))
  expect(timers.size).toBe(1)
  waiting.resolve(1, 'one')
  waiting.reject(2, new Error('two'))
  expect(timers.size).toBe(1)
  waiting.resolve(3, 'three')
  waiting.resolve(3, 'again')
  expect(await Promise.allSettled(asked)).toMatchObject([{ value: 'one' }, { status: 'rejected' }, { value: 'three' }])
  expect(timers.size).toBe(0)
  signal.abort()
  expect(posted.map(({ kind }) => kind)).toEqual(['export', 'export', 'export'])
})

test('not answered in time, those that were due are rejected, the others wait on', async () => {
  const { waiting, timers } = pending()
  const short = waiting.ask(ask, { waitMs: 100 })
  const long = waiting.ask(ask, { waitMs: 500 })
  const [ring] = timers
  ring?.()
  await expect(short).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown' })
  waiting.resolve(2, 'late')
  expect(await long).toBe('late')
})
