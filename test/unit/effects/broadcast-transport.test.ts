import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { newStoreId } from '../../../src/effects/random.ts'
import { BroadcastTransport } from '../../../src/effects/broadcast-transport.ts'
import type { Connection } from '../../../src/wire/transport.ts'

const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

/** Time stands still: what comes does not come by waiting. */
function transportOf(name: string): BroadcastTransport {
  const transport = new BroadcastTransport(name, { after: () => () => undefined, newId: newStoreId, locks: undefined })
  opened.push(transport)
  return transport
}

/** The connections that a leader takes on, and how often it refuses something. */
async function serving(name: string, onRefused = () => undefined as void): Promise<readonly Connection[]> {
  const taken: Connection[] = []
  const onConnection = (connection: Connection) => {
    taken.push(connection)
    opened.push(connection)
  }
  await transportOf(name).serve(1, { onConnection, onRefused })
  return taken
}

test('a client that seeks before anybody leads is taken on by whoever begins to, in the same attempt', async () => {
  const listener = new BroadcastChannel('datasync:early')
  opened.push(listener)
  const heard = once(listener, 'message')
  const seeking = transportOf('early').connect()
  // What it has said was heard by everybody who was there, and nobody led.
  await heard
  const taken = await serving('early')
  const connection = await seeking
  expect(connection).toBeDefined()
  expect(taken).toHaveLength(1)
  connection?.close()
})

test('what a client has said is repeated by another: it is served once', async () => {
  const taken = await serving('twice')
  const repeater = new BroadcastChannel('datasync:twice')
  opened.push(repeater)
  const heard = once(repeater, 'message') as Promise<[MessageEvent<unknown>]>
  const connection = await transportOf('twice').connect()
  const [{ data: seek }] = await heard
  const answered = once(repeater, 'message')
  repeater.postMessage(seek)
  await answered
  // A connection that comes after the repeated word shows that it was heard.
  const other = await transportOf('twice').connect()
  expect(taken).toHaveLength(2)
  connection?.close()
  other?.close()
})

/** Another build, in its own words. */
function buildOf(name: string, answer: (word: Readonly<Record<string, unknown>>) => unknown) {
  const channel = new BroadcastChannel(`datasync:${name}`)
  opened.push(channel)
  const said: Readonly<Record<string, unknown>>[] = []
  channel.addEventListener('message', ({ data }) => {
    const word = data as Readonly<Record<string, unknown>>
    said.push(word)
    const answered = answer(word)
    if (answered !== undefined) channel.postMessage(answered)
  })
  return { channel, said }
}

test('a leader of a later build, whose words have more fields, is found and heard', async () => {
  const more = { speaks: { oldest: 2, newest: 3 }, medium: 'opfs' }
  const leader = newStoreId()
  const { channel, said } = buildOf('later', ({ kind, connection }) =>
    kind === 'seek' ? { kind: 'here', connection, leader, epoch: 7, ...more } : undefined,
  )
  const member = transportOf('later')
  const connection = await member.connect()
  expect(connection).toBeDefined()
  connection?.close()
  const announced: (number | undefined)[] = []
  const all = new Promise<void>((resolve) => {
    member.onAnnounced((epoch) => announced.push(epoch) === 2 && resolve())
  })
  channel.postMessage({ kind: 'coming', ...more })
  channel.postMessage({ kind: 'leading', epoch: 8, ...more })
  await all
  expect(announced).toEqual([undefined, 8])
  // Ours is what it is for all time.
  const [seek, ...rest] = said
  expect(seek).toEqual({ kind: 'seek', connection: expect.stringMatching(/^[0-9a-f]{32}$/) as string })
  expect(rest).toEqual([])
})

test('a client of a later build, whose words have more fields, is taken on, and hears words of all time', async () => {
  const taken = await serving('newer', () => expect.fail('it is no stranger'))
  const id = newStoreId()
  const answer = new Promise<unknown>((resolve) => {
    const { channel } = buildOf('newer', (word) => void resolve(word))
    channel.postMessage({ kind: 'seek', connection: id, speaks: { oldest: 1, newest: 3 } })
  })
  const leader = expect.stringMatching(/^[0-9a-f]{32}$/) as string
  expect(await answer).toEqual({ kind: 'here', connection: id, leader, epoch: 1 })
  expect(taken).toHaveLength(1)
  const { said } = buildOf('newer', () => undefined)
  const announcing = transportOf('newer')
  announcing.announce(undefined)
  announcing.announce(3)
  // A connection that comes after the words shows that they were heard.
  const connection = await transportOf('newer').connect()
  expect(said.slice(0, 2)).toEqual([{ kind: 'coming' }, { kind: 'leading', epoch: 3 }])
  connection?.close()
})

test('what is none of our words is counted by whoever leads, and heard by nobody', async () => {
  let refused = 0
  const taken = await serving('words', () => (refused += 1))
  const stranger = new BroadcastChannel('datasync:words')
  opened.push(stranger)
  const words: unknown[] = [null, 7, 'seek', {}, { kind: 'seek', connection: 'short' }, { kind: 'leading', epoch: 0.5 }]
  for (const word of words) stranger.postMessage(word)
  const connection = await transportOf('words').connect()
  expect([refused, taken.length]).toEqual([words.length, 1])
  connection?.close()
})
