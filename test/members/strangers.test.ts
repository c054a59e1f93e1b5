/** Whoever connects to a leader's socket without being a member, or speaks as none does: dropped and counted, never run. */
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import path from 'node:path'
import { firstValueFrom } from 'rxjs'
import { expect, onTestFinished, test } from 'vitest'
import { encodeFrame, FrameReader } from '../../src/effects/frames.ts'
import { type Database } from '../../src/index.ts'
import { limits } from '../../src/limits.ts'
import type { Envelope, ServerMessage } from '../../src/wire/protocol.ts'
import { PROTOCOL_VERSION } from '../../src/wire/protocol.ts'
import { openIn, temporaryBase } from '../api/harness.ts'
import { column } from '../attacks/world.ts'

interface Lease {
  readonly socket: string
  readonly token: string
}

interface World {
  readonly base: string
  readonly leader: Database
  readonly lease: Lease
  /** What was dropped so far. */
  refused(): number
}

async function lead(): Promise<World> {
  const base = await temporaryBase()
  const leader = await openIn(base)
  await leader.exec('CREATE TABLE t (n INTEGER)')
  let refused = 0
  leader.events$.subscribe(({ type }) => (refused += type === 'message.refused' ? 1 : 0))
  const lease = JSON.parse(readFileSync(path.join(base, 'test/lease'), 'utf8')) as Lease
  return { base, leader, lease, refused: () => refused }
}

async function dial({ socket: at }: Lease): Promise<Socket> {
  const socket = connect(at)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return socket
}

/** Somebody who may read the lease, and says what he likes. */
class Stranger {
  readonly #socket: Socket
  readonly #told: ServerMessage[] = []
  #look = () => undefined as void

  constructor(socket: Socket) {
    this.#socket = socket
    const reader = new FrameReader((envelope) => {
      this.#told.push(...(envelope as Envelope<ServerMessage>).messages)
      this.#look()
    })
    socket.on('data', (chunk) => reader.push(chunk))
  }

  static async in({ lease }: World): Promise<Stranger> {
    const socket = await dial(lease)
    socket.write(Buffer.from(lease.token, 'hex'))
    return new Stranger(socket)
  }

  say(...messages: unknown[]): void {
    for (const part of encodeFrame({ datasync: PROTOCOL_VERSION, messages, beat: 1 })) this.#socket.write(part)
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  async hears(isMeant: (message: ServerMessage) => boolean, count = 1): Promise<readonly ServerMessage[]> {
    await new Promise<void>((resolve) => {
      this.#look = () => this.#told.filter(isMeant).length >= count && resolve()
      this.#look()
    })
    return this.#told.filter(isMeant)
  }

  async join(): Promise<void> {
    const speaks = { oldest: PROTOCOL_VERSION, newest: PROTOCOL_VERSION }
    this.say({ kind: 'join', id: 1, join: { memberId: '0'.repeat(32), speaks, medium: 'fs', pragmas: {}, epoch: 0 } })
    await this.hears((message) => message.kind === 'answer' && message.id === 1)
  }

  async closed(): Promise<void> {
    if (!this.#socket.closed) await once(this.#socket, 'close')
  }
}

const insert = (id: number, n: number) => ({
  kind: 'call',
  id,
  method: 'exec',
  args: ['INSERT INTO t VALUES (?)', [n], {}],
})

/** The leader goes on, for itself and for who follows, and has counted what it dropped. */
async function expectWell({ base, leader, refused }: World, rows: readonly number[]): Promise<void> {
  expect((await firstValueFrom(leader.metrics$)).messagesRefused).toBe(refused())
  const follower = await openIn(base)
  await follower.exec('INSERT INTO t VALUES (100)')
  expect(await column(leader, 'SELECT n FROM t ORDER BY n')).toEqual([...rows, 100])
}

test('who does not say the token is turned away', async () => {
  const world = await lead()
  const socket = await dial(world.lease)
  socket.write(Buffer.alloc(32))
  await once(socket, 'close')
  expect(world.refused()).toBe(1)
  await expectWell(world, [])
})

test('who says nothing is turned away', async () => {
  const world = await lead()
  const socket = await dial(world.lease)
  const startMs = performance.now()
  await once(socket, 'close')
  expect(performance.now() - startMs).toBeGreaterThan(limits.joinMs / 2)
  expect(world.refused()).toBe(1)
  await expectWell(world, [])
})

test('nobody but its owner reaches the socket, or reads the token', async () => {
  const { base, lease } = await lead()
  expect(statSync(path.dirname(lease.socket)).mode & 0o777).toBe(0o700)
  expect(statSync(path.join(base, 'test/lease')).mode & 0o777).toBe(0o600)
  expect(lease.token).toMatch(/^[0-9a-f]{64}$/)
})

test.each([
  ['a length that no message has', Buffer.from([255, 255, 255, 255, 1, 2, 3])],
  ['bytes that are no message', Buffer.from([3, 0, 0, 0, 1, 2, 3])],
])('%s ends the connection', async (_, bytes) => {
  const world = await lead()
  const stranger = await Stranger.in(world)
  await stranger.join()
  stranger.write(bytes)
  await stranger.closed()
  expect(world.refused()).toBe(1)
  await expectWell(world, [])
})

test('what is malformed or said twice is dropped; the connection goes on', async () => {
  const world = await lead()
  const stranger = await Stranger.in(world)
  await stranger.join()
  stranger.say(null, { kind: 'nothing' }, { kind: 'call', id: 2.5, method: 'exec', args: ['DELETE FROM t'] })
  stranger.say(insert(2, 1), insert(2, 2))
  stranger.say(insert(2, 3), insert(3, 4))
  await stranger.hears((message) => message.kind === 'answer' && message.id === 3)
  expect(world.refused()).toBe(5)
  await expectWell(world, [1, 4])
})

test('what is too large is dropped; the connection goes on', async () => {
  const world = await lead()
  const stranger = await Stranger.in(world)
  await stranger.join()
  // The same bytes many times: a short message that holds more than any may.
  const padding = Array.from<Uint8Array>({ length: limits.frameBytesMax / 2 ** 20 + 1 }).fill(new Uint8Array(2 ** 20))
  stranger.say({ ...insert(2, 2), args: ['INSERT INTO t VALUES (2)', [], { padding }] })
  stranger.say(insert(3, 3))
  await stranger.hears((message) => message.kind === 'answer' && message.id === 3)
  expect(world.refused()).toBe(1)
  await expectWell(world, [3])
})

test('what is asked before joining is not done', async () => {
  const world = await lead()
  const stranger = await Stranger.in(world)
  stranger.say({ kind: 'call', id: 1, method: 'exec', args: ['INSERT INTO t VALUES (1)', [], {}] })
  // Not stamped with a beat of this leader, it counts as asked before it stood still; stamped, it has no database.
  const [failed] = await stranger.hears((message) => message.kind === 'failed')
  expect(failed).toMatchObject({ id: 1, error: { code: 'MISUSE' } })
  await expectWell(world, [])
})

test('a client that floods is held, and the others are answered', async () => {
  const world = await lead()
  const stranger = await Stranger.in(world)
  await stranger.join()
  const asked = limits.clientQueueMax + 500
  stranger.say(...Array.from({ length: asked }, (_, n) => insert(2 + n, n)))
  const ends = await stranger.hears(({ kind }) => kind === 'answer' || kind === 'failed', asked + 1)
  const full = ends.filter((message) => message.kind === 'failed')
  expect(full).toHaveLength(500)
  for (const message of full) expect(message).toMatchObject({ error: { code: 'QUEUE_FULL' } })
  expect(await column(world.leader, 'SELECT count(*) FROM t')).toEqual([limits.clientQueueMax])
})
