/** A leader that stood still: what it had not begun is asked again, in order; what it had begun is not begun twice. */
import { expect, test } from 'vitest'
import { chunksOf } from '../../src/host/chunks.ts'
import { joined } from './joined.ts'

test('what was asked while it stood still is asked again, and nothing new comes before it', async () => {
  const { clients, client, leader, insert, rows, told } = await joined()
  const asked = [insert(1), insert(2)]
  await Promise.resolve()
  clients.stoodStill()
  await client.deliver()
  asked.push(insert(3))
  await leader.deliver()
  await client.deliver()
  await Promise.all(asked)
  expect(await rows()).toEqual([1, 2, 3])
  expect(told.refused).toBe(0)
})

test('what nobody waits for any more is not run', async () => {
  const { clients, client, leader, insert, rows } = await joined()
  const given = insert(1)
  await Promise.resolve()
  clients.stoodStill()
  // Its client is gone to another leader before it hears of anything.
  await leader.deliver()
  expect(await rows()).toEqual([])
  expect(leader.inbox).toEqual([])
  await client.deliver()
  await leader.deliver()
  await client.deliver()
  await given
  expect(await rows()).toEqual([1])
})

test('what was begun or answered before is not begun again, and is no message of a stranger', async () => {
  const { clients, client, leader, insert, rows, told } = await joined()
  const asked = [insert(1), insert(2)]
  await leader.deliver()
  // The answers lie behind it.
  const answers = client.inbox.splice(0)
  clients.stoodStill()
  await Promise.resolve()
  client.inbox.push(...answers)
  // The next beat comes with it.
  clients.beat()
  await client.deliver()
  await leader.deliver()
  await client.deliver()
  await Promise.all(asked)
  expect(await rows()).toEqual([1, 2])
  expect(told.refused).toBe(0)
})

test('a reading that was asked for while it stood still goes on, its first pull with it', async () => {
  const { clients, link, client, leader } = await joined()
  const chunks = chunksOf<readonly object[]>(
    link,
    (id) => ({ kind: 'iterate', id, sql: 'SELECT 7 AS n', options: {} }),
    {
      waitMs: 60_000,
      hold: () => () => undefined,
    },
  )
  const first = chunks.next()
  await Promise.resolve()
  clients.stoodStill()
  for (let turns = 0; turns < 3; turns++) {
    await leader.deliver()
    await client.deliver()
  }
  expect((await first).value).toEqual([{ n: 7 }])
  const end = chunks.next()
  await leader.deliver()
  await client.deliver()
  expect((await end).done).toBe(true)
})

test('the same message a second time without that is refused', async () => {
  const { client, leader, insert, rows, told } = await joined()
  const asked = insert(1)
  await Promise.resolve()
  leader.inbox.push(...leader.inbox)
  await leader.deliver()
  await client.deliver()
  await asked
  expect(await rows()).toEqual([1])
  expect(told.refused).toBe(1)
})

test('the calls of a transaction that is open go on with it: its end does not overtake them', async () => {
  const { clients, link, client, leader, rows, told } = await joined()
  let id = 0
  const begun = { is: false }
  const transaction = link.ask((no) => ({ kind: 'begin', id: (id = no), options: {} }), {
    onBegun: () => (begun.is = true),
  })
  await leader.deliver()
  await client.deliver()
  expect(begun.is).toBe(true)
  const call = link.call('exec', ['INSERT INTO t VALUES (1)', undefined], { within: id })
  link.post({ kind: 'end', id, isCommitted: true })
  await Promise.resolve()
  clients.stoodStill()
  await leader.deliver()
  await client.deliver()
  await Promise.all([call, transaction])
  await leader.deliver()
  expect(await rows()).toEqual([1])
  expect(told.refused).toBe(0)
})

test('who asks to join says which epoch it knows', async () => {
  const { told } = await joined({ epoch: 7 })
  expect(told.epochs).toEqual([7])
})

test('who wants it in another medium is refused', async () => {
  await expect(joined({ medium: 'indexeddb' })).rejects.toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
})
