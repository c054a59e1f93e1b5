/** What is larger than any side sends is not taken, and who asks for it is told so. */
import { expect, test } from 'vitest'
import { limits } from '../../src/limits.ts'
import { Channel, type Port } from '../../src/wire/channel.ts'
import { isOversized } from '../../src/wire/message-size.ts'
import { PROTOCOL_OF_JOIN, PROTOCOL_VERSION } from '../../src/wire/protocol.ts'
import { errorOf } from '../api/harness.ts'
import { openBehindChannel } from './fixture.ts'
import { joined } from './joined.ts'

const MiB = 2 ** 20
/** One byte array many times: as a message it is small, as what it asks for it is not. */
const tooMuch = Array.from<Uint8Array>({ length: limits.frameBytesMax / MiB + 1 }).fill(new Uint8Array(MiB))

test('a request that is too large is refused where it is made, and no other with it', async () => {
  const { db } = await openBehindChannel()
  const large = [
    errorOf(db.exec('SELECT 1', tooMuch)),
    errorOf(db.batch(tooMuch.map((blob) => ({ sql: 'SELECT ?', params: { blob } })))),
    errorOf(db.transaction((tx) => tx.query('SELECT 1', tooMuch))),
    errorOf(db.iterate('SELECT 1', tooMuch)[Symbol.asyncIterator]().next()),
  ]
  const good = db.query('SELECT 1 AS one')
  for (const error of await Promise.all(large)) {
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER' })
    expect(error.message).toMatch(`larger than the ${limits.frameBytesMax} bytes`)
    expect(error.outcome).toBeUndefined()
  }
  expect(await good).toEqual([{ one: 1 }])
})

test('so is one that the transport alone can measure', async () => {
  const { link, client } = await joined()
  client.postMessage = () => {
    throw new RangeError('a message of 805306369 bytes is too large')
  }
  const error = await errorOf(link.call('exec', ['SELECT 1', undefined, {}]))
  expect(error).toMatchObject({ code: 'INVALID_PARAMETER', cause: { message: /805306369/ } })
  expect(error.message).toMatch('split it')
})

test('what is too large is dropped and counted, and the client that is said to ask for it goes on', async () => {
  const { client, leader, insert, rows, told } = await joined()
  const call = { kind: 'call', id: 7, method: 'exec', args: ['INSERT INTO t VALUES (7)', [], { padding: tooMuch }] }
  leader.inbox.push({ datasync: PROTOCOL_OF_JOIN, messages: [call], beat: 1 })
  await leader.deliver()
  expect(told.refused).toBe(1)
  const asked = insert(1)
  await leader.deliver()
  await client.deliver()
  await asked
  expect(await rows()).toEqual([1])
})

test('many small values are large together, and a message that holds itself is measured all the same', () => {
  const params: unknown[] = []
  params.length = limits.frameBytesMax / 8
  expect(isOversized({ kind: 'call', args: ['SELECT 1', params] })).toBe(true)
  const message: Record<string, unknown> = { kind: 'call' }
  message['args'] = [message]
  expect(isOversized(message)).toBe(false)
})

class RecordingPort implements Port {
  readonly sent: { readonly messages: readonly unknown[] }[] = []
  receive: (event: MessageEvent<unknown>) => void = () => undefined

  postMessage(message: { readonly messages: readonly unknown[] }): void {
    this.sent.push(message)
  }

  addEventListener(type: 'message' | 'messageerror', listener: (event: MessageEvent<unknown>) => void): void {
    if (type === 'message') this.receive = listener
  }
}

test('an envelope has at most as many messages as may wait: more are sent in two, and what has more is refused', () => {
  const port = new RecordingPort()
  const received: number[] = []
  const refused: string[] = []
  const channel = new Channel<number, number>(port, {
    receive: (message) => received.push(message),
    onRefused: ({ code }) => refused.push(code),
    onUnsendable: () => expect.fail('all can be sent'),
  })
  const all = Array.from({ length: limits.queueMax + 1 }, (_, n) => n)
  for (const n of all) channel.post(n)
  channel.flush()
  expect(port.sent.map(({ messages }) => messages.length)).toEqual([limits.queueMax, 1])
  expect(port.sent.flatMap(({ messages }) => messages)).toEqual(all)
  port.receive({ data: { datasync: PROTOCOL_VERSION, messages: all } } as MessageEvent)
  expect(refused).toEqual(['PROTOCOL_MISMATCH'])
  expect(received).toEqual([])
})
