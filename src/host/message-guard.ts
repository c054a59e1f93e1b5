/**
 * What may be taken from the other side: messages of the protocol's shape and of a size that our side sends, and of a client each id
 * once. Whoever can post to a channel can post anything; what is malformed, oversized or was seen before is dropped, not run.
 */
import { limits } from '../limits.ts'
import { isOversized } from '../wire/message-size.ts'
import type { ClientMessage, ServerMessage, WireId } from '../wire/protocol.ts'

type Kind = ClientMessage['kind']
type Shape = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object'>>
/** Names and types: looked through for each message that comes. */
type Shapes = ReadonlyMap<unknown, readonly (readonly [name: string, type: string])[]>

/** What each kind has to have; `args` are what its method checks. */
const shapes = shapesOf<Kind>({
  open: { id: 'number', name: 'string', options: 'object' },
  destroy: { id: 'number', name: 'string', options: 'object' },
  join: { id: 'number', join: 'object' },
  leave: {},
  call: { id: 'number', method: 'string', args: 'object' },
  begin: { id: 'number', options: 'object' },
  end: { id: 'number', isCommitted: 'boolean' },
  iterate: { id: 'number', sql: 'string', options: 'object' },
  export: { id: 'number' },
  pull: { id: 'number' },
  cancel: { id: 'number' },
  subscribe: { stream: 'string', isOn: 'boolean' },
})

/** What a leader's messages have to have. */
const told = shapesOf<ServerMessage['kind']>({
  begun: { id: 'number' },
  chunk: { id: 'number', value: 'object' },
  answer: { id: 'number' },
  failed: { id: 'number', error: 'object' },
  told: { stream: 'string', value: 'object' },
  ended: {},
  beat: { beat: 'number' },
  stalled: { beat: 'number' },
  resigned: {},
  logged: { level: 'string', record: 'object' },
})

/** Begin something under an id of their own. */
const requests = ['call', 'begin', 'iterate', 'export'] as const satisfies Kind[]
const beginners: readonly Kind[] = ['open', 'destroy', 'join', ...requests]

export type RequestMessage = Extract<ClientMessage, { kind: (typeof requests)[number] }>

/** Something of its own: what belongs to a transaction goes with it. */
export const isRequest = (message: ClientMessage): message is RequestMessage =>
  requests.some((kind) => kind === message.kind) && !('within' in message)

/** repeated: known already. expected: known already, and it was to be said again. */
export type Verdict = 'admitted' | 'expected' | 'repeated' | 'malformed' | 'oversized'

export class MessageGuard {
  #lastId: WireId = 0
  /** Not run, and to be asked for again. */
  readonly #again = new Set<WireId>()
  /** What is said again of these is nobody's fault. */
  #expectedThrough: WireId = 0

  judge(message: unknown): Verdict {
    if (!isClientMessage(message)) return 'malformed'
    if (isOversized(message)) return 'oversized'
    if (!beginners.includes(message.kind)) return 'admitted'
    const { id } = message as { readonly id: WireId }
    if (!Number.isSafeInteger(id)) return 'malformed'
    if (!this.#again.delete(id) && id <= this.#lastId) return id <= this.#expectedThrough ? 'expected' : 'repeated'
    this.#lastId = Math.max(this.#lastId, id)
    return 'admitted'
  }

  /** The client asks again for all it waits for, what was begun or answered so far among it. */
  expectRepeats(): void {
    this.#expectedThrough = this.#lastId
  }

  /** It was dropped although it is the client's. False: too many were. */
  willComeAgain(id: WireId): boolean {
    if (this.#again.size >= limits.clientQueueMax) return false
    this.#again.add(id)
    return true
  }
}

const isClientMessage = (message: unknown): message is ClientMessage => isOfShape(message, shapes)

/** Whether it has what its kind has to have. */
export const isServerMessage = (message: unknown): message is ServerMessage => isOfShape(message, told)

function shapesOf<K extends string>(shapes: Readonly<Record<K, Shape>>): Shapes {
  return new Map(Object.entries<Shape>(shapes).map(([kind, shape]) => [kind, Object.entries(shape)]))
}

function isOfShape(message: unknown, known: Shapes): boolean {
  if (typeof message !== 'object' || message === null) return false
  const parts = message as Readonly<Record<string, unknown>>
  const shape = known.get(parts['kind'])
  if (shape === undefined) return false
  for (const [name, type] of shape) if (typeof parts[name] !== type || parts[name] === null) return false
  return true
}
