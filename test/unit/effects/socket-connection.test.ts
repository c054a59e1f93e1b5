/** A socket between two processes: one large message takes its time, and who takes nothing at all is given up. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SocketConnection } from '../../../src/effects/socket-connection.ts'
import { limits } from '../../../src/limits.ts'
import { temporaryBase } from '../../api/harness.ts'

const MiB = 2 ** 20
const large = new Uint8Array(limits.unsentBytesMax + 36 * MiB)

/** Both ends of one; the other one reads nothing yet. */
async function socketPair(): Promise<readonly [Socket, Socket]> {
  const address = path.join(await temporaryBase(), 's')
  const server = createServer({ pauseOnConnect: true })
  server.listen(address)
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const one = connect(address)
  const [other] = await accepted
  onTestFinished(() => {
    for (const socket of [one, other]) socket.destroy()
    server.close()
  })
  return [one, other]
}

function connected(socket: Socket) {
  const time = { nowMs: 0 }
  const connection = new SocketConnection(socket, undefined, () => time.nowMs)
  let isClosed = false
  connection.onClosed(() => (isClosed = true))
  return { connection, time, isClosed: () => isClosed }
}

test('what follows a message larger than what may wait arrives behind it', async () => {
  const [one, other] = await socketPair()
  const { connection, isClosed } = connected(one)
  connection.postMessage(large)
  connection.postMessage('next')
  connection.postMessage('last')
  expect(isClosed()).toBe(false)
  const heard: unknown[] = []
  const arrived = new Promise<void>((resolve) => {
    new SocketConnection(other).addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      heard.push(data instanceof Uint8Array ? data.length : data)
      if (data === 'last') resolve()
    })
  })
  other.ref()
  other.resume()
  await arrived
  expect(heard).toEqual([large.length, 'next', 'last'])
})

test('who reads too slowly for all that it asks for is given up as well', async () => {
  const [one] = await socketPair()
  const { connection, isClosed } = connected(one)
  const unsent = { bytes: limits.unsentBytesMax + limits.frameBytesMax }
  Object.defineProperty(one, 'writableLength', { get: () => unsent.bytes })
  connection.postMessage('as much as may')
  expect(isClosed()).toBe(false)
  unsent.bytes += 1
  connection.postMessage('one byte more')
  expect(isClosed()).toBe(true)
})

test('who takes nothing for the time of a lease is given up, once more waits for it than may', async () => {
  const [one] = await socketPair()
  const { connection, time, isClosed } = connected(one)
  connection.postMessage(new Uint8Array(MiB))
  time.nowMs += limits.leaseMs + 1
  connection.postMessage('little waits, and may for ever')
  expect(isClosed()).toBe(false)
  connection.postMessage(large)
  connection.postMessage('next')
  expect(isClosed()).toBe(true)
})
