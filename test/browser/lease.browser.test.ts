/** The lease of browsers, on real Web Locks. What a second page sees, and a page that crashes, is tested in test/browser-kill. */
import { expect, test } from 'vitest'
import { acquireWebLease } from '../../src/effects/web-lease.ts'

const isHeld = async (name: string) =>
  ((await navigator.locks.query()).held ?? []).some((lock) => lock.name === `datasync:${name}`)

test('it is held until it is released, and nobody else has it meanwhile', async () => {
  const lease = await acquireWebLease('held')
  expect(await isHeld('held')).toBe(true)
  await expect(acquireWebLease('held')).rejects.toMatchObject({ code: 'STORE_LOCKED', retryable: true })
  await lease.release()
  expect(await isHeld('held')).toBe(false)
})

test('names are apart', async () => {
  const [a, b] = await Promise.all([acquireWebLease('a'), acquireWebLease('b')])
  await a.release()
  expect(await isHeld('b')).toBe(true)
  await b.release()
})

test('whoever released it has it again at once, without waiting for the release', async () => {
  for (let times = 0; times < 50; times++) {
    const lease = await acquireWebLease('again')
    void lease.release()
    void lease.release()
  }
  await (await acquireWebLease('again')).release()
  expect(await isHeld('again')).toBe(false)
})

test('of many that ask at once one has it', async () => {
  const asked = await Promise.allSettled(Array.from({ length: 8 }, () => acquireWebLease('many')))
  const held = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  expect(held).toHaveLength(1)
  for (const lease of held) await lease.release()
})

test('a lock that is taken from its holder leaves no unheard rejection', async () => {
  const lease = await acquireWebLease('stolen')
  await navigator.locks.request('datasync:stolen', { steal: true }, () => undefined)
  await lease.release()
  await (await acquireWebLease('stolen')).release()
})
