/**
 * Members that are processes or threads of Node: the leader listens on a local socket, and its lease says where.
 *
 *   leader ── makes a directory that is its owner's alone, listens in it, notes path and token in the lease
 *   client ── reads the lease, connects, sends the token's 32 bytes ──▶ messages begin; any other first bytes end the connection
 *
 * Nobody is announced: a client is told that its leader is gone by the end of the socket, and reads the lease again.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { limits } from '../limits.ts'
import { SocketConnection } from './socket-connection.ts'
import type { Address, Connection, ServePorts, Serving, Transport } from '../wire/transport.ts'

const TOKEN_BYTES = 32

/** @param addressOf where the lease says that the leader is */
export function socketTransport(addressOf: () => Address | undefined): Transport {
  return {
    serve(_epoch, ports) {
      // Whoever led before is gone, or we would not lead: what it could not remove is removed for it.
      removePlace(addressOf())
      return listen(ports)
    },
    connect: async () => {
      const address = addressOf()
      return address === undefined ? undefined : dial(address)
    },
    announce: () => undefined,
    onAnnounced: () => () => undefined,
    close: () => undefined,
  }
}

/** Where no socket can be made, this member leads alone: nobody finds it, and whoever wants to follow is told so at its deadline. */
async function listen(ports: ServePorts): Promise<Serving> {
  const token = randomBytes(TOKEN_BYTES)
  const socket = newPlace()
  if (socket === undefined) return alone
  const address = { socket, token: token.toString('hex') }
  const server = createServer((client) => admit(client, token, ports))
  const isListening = await new Promise<boolean>((resolve) => {
    // Later errors are those of single clients.
    server.on('error', () => resolve(false))
    server.listen(socket, () => resolve(true))
  })
  if (!isListening) {
    removePlace(address)
    return alone
  }
  server.unref()
  const stop = () => {
    server.close()
    removePlace(address)
  }
  return { address, stop }
}

const PREFIX = join(tmpdir(), 'datasync-leader-')

/** Windows has pipes in place of files; who may open one is not ours to say there, so the token alone keeps others out. */
function newPlace(): string | undefined {
  if (process.platform === 'win32') return `\\\\.\\pipe\\datasync-${randomBytes(16).toString('hex')}`
  try {
    return join(mkdtempSync(PREFIX), 's')
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

const alone: Serving = { stop: () => undefined }

/** The socket's file and its directory. A path that is not one of ours is left alone, whatever the lease says. */
function removePlace(address: Address | undefined): void {
  if (address === undefined || !address.socket.startsWith(PREFIX)) return
  const directory = dirname(address.socket)
  rmSync(address.socket, { force: true })
  if (dirname(directory) === dirname(PREFIX) && existsSync(directory)) rmdirSync(directory)
}

/** The first bytes have to be the token, soon. */
function admit(socket: Socket, token: Buffer, { onConnection, onRefused }: ServePorts): void {
  let read: Buffer = Buffer.alloc(0)
  const refuse = () => {
    socket.destroy()
    onRefused()
  }
  socket.setTimeout(limits.joinMs, refuse)
  socket.on('error', refuse)
  const onData = (chunk: Buffer) => {
    read = Buffer.concat([read, chunk])
    if (read.length < TOKEN_BYTES) return
    if (!timingSafeEqual(read.subarray(0, TOKEN_BYTES), token)) return refuse()
    socket.setTimeout(0)
    socket.off('data', onData)
    socket.off('error', refuse)
    onConnection(new SocketConnection(socket, read.subarray(TOKEN_BYTES)))
  }
  socket.on('data', onData)
}

/** Undefined: nobody listens there. */
function dial({ socket: path, token }: Address): Promise<Connection | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.setTimeout(limits.joinMs, () => socket.destroy())
    socket.once('close', () => resolve(undefined))
    socket.on('error', () => socket.destroy())
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.write(Buffer.from(token, 'hex'))
      resolve(new SocketConnection(socket))
    })
  })
}
