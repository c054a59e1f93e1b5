/** A page of the same origin that speaks on the channels of a database without being one of its members. */
interface Here {
  readonly kind: string
  readonly connection: string
  readonly leader: string
}

interface Sent {
  readonly datasync: number
  readonly messages: readonly {
    readonly kind: string
    readonly id?: number
    readonly error?: { readonly code?: string }
  }[]
}

const heard: { readonly channel: BroadcastChannel; readonly envelopes: Sent[] }[] = []
let common: BroadcastChannel

/** Learns the names of the connections from now on, and records what is said there. */
function listen(name: string): void {
  common = new BroadcastChannel(`datasync:${name}`)
  common.onmessage = ({ data }: MessageEvent<Here>) => {
    if (data.kind !== 'here') return
    const channel = new BroadcastChannel(`datasync:${name}:${data.connection}:${data.leader}`)
    const envelopes: Sent[] = []
    channel.onmessage = (event: MessageEvent<Sent>) => envelopes.push(event.data)
    heard.push({ channel, envelopes })
  }
}

/** Says again, twice, all that was recorded so far. Returns how many requests that are. */
function repeat(): number {
  let count = 0
  for (const { channel, envelopes } of heard) {
    const all = envelopes.splice(0)
    count += all.flatMap(({ messages }) => messages).filter(({ kind }) => kind === 'call' || kind === 'begin').length
    for (const envelope of [...all, ...all]) channel.postMessage(envelope)
  }
  return count
}

/** What nobody of ours says, on every channel. */
function babble(): void {
  const messages: unknown[] = [
    null,
    7,
    {},
    { kind: 'nothing' },
    { kind: 'call' },
    { kind: 'call', id: -1, method: 'exec', args: ['DELETE FROM entry'] },
  ]
  messages.push(
    { kind: 'call', id: 1e9 + 0.5, method: 'exec', args: ['DELETE FROM entry'] },
    { kind: 'answer', id: 'none' },
  )
  messages.push({ kind: 'subscribe', stream: 'nothing', isOn: true }, { kind: 'told', stream: 'events', value: null })
  messages.push(
    { kind: 'failed', id: 3, error: null },
    { kind: 'call', id: '1', method: 'exec', args: ['DELETE FROM entry'] },
  )
  const envelopes: unknown[] = [null, 'text', 42, {}, { datasync: 'one', messages: [] }, { datasync: 1 }]
  envelopes.push({ datasync: 99, messages: [{ kind: 'call', id: 1e6, method: 'exec', args: ['DELETE FROM entry'] }] })
  for (const message of messages) envelopes.push({ datasync: 1, messages: [message] })
  const words: unknown[] = [
    null,
    1,
    {},
    { kind: 'seek' },
    { kind: 'seek', connection: '../..' },
    { kind: 'leading', epoch: 'high' },
  ]
  words.push({ kind: 'here', connection: 'x', leader: 'y', epoch: 1 }, { kind: 'leading', epoch: Infinity })
  for (const { channel } of heard) for (const envelope of envelopes) channel.postMessage(envelope)
  for (const word of [...words, ...envelopes]) common.postMessage(word)
}

/** Asks for so much at once, on every channel; the bytes are the same many times, so that it is short. Returns how often it asked. */
function swell(bytes: number): number {
  const padding = Array.from<Uint8Array>({ length: bytes / 2 ** 20 }).fill(new Uint8Array(2 ** 20))
  const call = { kind: 'call', id: 2e9, method: 'exec', args: ['DELETE FROM entry', [], { padding }] }
  for (const { channel } of heard) channel.postMessage({ datasync: 1, messages: [call], beat: 1e9 })
  return heard.length
}

/** Joins as a member does, then asks for so much at once. Returns how many were answered, and how many refused with which code. */
async function flood(name: string, count: number): Promise<Record<string, number>> {
  const connection = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
  await new Promise<void>(
    (held) =>
      void navigator.locks.request(`datasync:${name}:${connection}`, () => (held(), new Promise(() => undefined))),
  )
  const channel = await new Promise<BroadcastChannel>((resolve) => {
    common.addEventListener('message', ({ data }: MessageEvent<Here>) => {
      if (data.kind === 'here' && data.connection === connection)
        resolve(new BroadcastChannel(`datasync:${name}:${connection}:${data.leader}`))
    })
    common.postMessage({ kind: 'seek', connection })
  })
  const join = { memberId: 'flood', speaks: { oldest: 1, newest: 1 }, medium: 'indexeddb', pragmas: {}, epoch: 0 }
  const call = (id: number) => ({
    kind: 'call',
    id,
    method: 'exec',
    args: ['INSERT INTO entry (page, n) VALUES (5, 5)'],
  })
  const ends: Record<string, number> = {}
  const ended = new Promise<void>((resolve) => {
    let left = count
    channel.onmessage = ({ data }: MessageEvent<Sent>) => {
      for (const { kind, id, error } of data.messages) {
        if (id === undefined || id === 1 || (kind !== 'answer' && kind !== 'failed')) continue
        const end = error?.code ?? kind
        ends[end] = (ends[end] ?? 0) + 1
        if (--left === 0) resolve()
      }
    }
  })
  channel.postMessage({ datasync: 1, messages: [{ kind: 'join', id: 1, join }], beat: 1e9 })
  channel.postMessage({
    datasync: 1,
    beat: 1e9,
    messages: Array.from({ length: count }, (_, index) => call(index + 2)),
  })
  await ended
  return ends
}

Object.assign(globalThis, { stranger: { listen, repeat, babble, swell, flood } })
