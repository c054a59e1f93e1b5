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
