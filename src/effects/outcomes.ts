/**
 * Requests with an id are answered once. Asked again, the answer comes from the call in flight, from the record of the request's
 * last transaction, or it is said to be unknown; the request is never run a second time.
 */
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { OutcomeLookup } from '../storage/block-store.ts'
import type { RequestOutcome } from '../storage/request-table.ts'
import type { Txid } from '../units.ts'
import { decodeAnswer, encodeAnswer } from './kept-answer.ts'

export interface RequestIdentity {
  /** `clientId:requestNo` */
  readonly requestId: string
  readonly clientId: string
  /** Counted from 1 by the client. */
  readonly requestNo: number
}

/** A name that begins with ~ and an epoch is a member's own (host/client-identity.ts). */
const REQUEST_ID = /^(?:~[0-9]{1,15}~)?[A-Za-z0-9._-]{1,64}:[1-9][0-9]{0,14}$/

/** `client:n` → its parts. @throws INVALID_OPTIONS */
export function parseRequestId(requestId: string): RequestIdentity {
  if (!REQUEST_ID.test(requestId)) {
    throw new DatabaseError('INVALID_OPTIONS', `requestId "${requestId}" is not client:n with n counting from 1`)
  }
  const colon = requestId.lastIndexOf(':')
  return { requestId, clientId: requestId.slice(0, colon), requestNo: Number(requestId.slice(colon + 1)) }
}

type Unknown = Extract<OutcomeLookup, { kind: 'unknown' }>

type Fate = { readonly kind: 'applied'; readonly txid: Txid } | { readonly kind: 'fresh' | 'unknown' }

export class Outcomes {
  readonly #lookUp: (identity: RequestIdentity) => OutcomeLookup
  readonly #inFlight = new Map<string, Promise<unknown>>()
  /** Sealed and not yet in the store: those that wait for a flush, and those of the group in flight. */
  #finished = new Map<string, RequestOutcome>()
  #taken: ReadonlyMap<string, RequestOutcome> = new Map()
  /** Clients whose request 1 was let run in this reign: what the store has never seen of them has changed nothing. */
  readonly #met = new Set<string>()

  constructor(lookUp: (identity: RequestIdentity) => OutcomeLookup) {
    this.#lookUp = lookUp
  }

  /**
   * Answers from what is known, or runs. `durable` resolves once the given transaction is durable.
   * @throws OUTCOME_UNKNOWN
   */
  once<T>(
    identity: RequestIdentity,
    ports: { readonly run: () => Promise<T>; readonly durable: (txid: Txid) => Promise<void> },
  ): Promise<T> {
    const { requestId } = identity
    const inFlight = this.#inFlight.get(requestId)
    if (inFlight !== undefined) return inFlight as Promise<T>
    const known = this.#sealed(requestId) ?? this.#known(identity)
    if (known !== undefined) return ports.durable(known.txid).then(() => decodeAnswer(known) as T)
    const running = ports.run()
    this.#inFlight.set(requestId, running)
    const end = () => void this.#inFlight.delete(requestId)
    running.then(end, end)
    return running
  }

  /** What became of a request that is not asked again. */
  fateOf(identity: RequestIdentity): Fate {
    const sealed = this.#sealed(identity.requestId)
    if (sealed !== undefined) return { kind: 'applied', txid: sealed.txid }
    const found = this.#lookUp(identity)
    return found.kind === 'known' ? { kind: 'applied', txid: found.outcome.txid } : { kind: found.kind }
  }

  /** The request has sealed its last transaction: its outcome goes into that record. */
  finished(identity: RequestIdentity, txid: Txid, answer: unknown, error: unknown): void {
    const { requestId, clientId, requestNo } = identity
    this.#finished.set(requestId, { clientId, requestNo, txid, answer: encodeAnswer(answer, error) })
  }

  /** Outcomes for the record of the group that is being taken. */
  take(): readonly RequestOutcome[] {
    this.#taken = this.#finished
    this.#finished = new Map()
    return [...this.#taken.values()]
  }

  /** The group that was taken is in the store. */
  settle(): void {
    this.#taken = new Map()
  }

  /** Everything sealed was rejected: none of it has an outcome. */
  discard(): void {
    this.#finished = new Map()
    this.#taken = new Map()
  }

  /** Of a transaction that is not in the store yet. */
  #sealed(requestId: string): RequestOutcome | undefined {
    return this.#finished.get(requestId) ?? this.#taken.get(requestId)
  }

  #known(identity: RequestIdentity): RequestOutcome | undefined {
    const found = this.#lookUp(identity)
    if (found.kind === 'known') return found.outcome
    if (found.kind === 'fresh' && identity.requestNo === 1) this.#meet(identity.clientId)
    const isMet = found.kind === 'unknown' && found.isNew === true && this.#met.has(identity.clientId)
    if (found.kind === 'unknown' && !isMet) throw unknown(identity, found)
    return undefined
  }

  #meet(clientId: string): void {
    this.#met.add(clientId)
    const [first] = this.#met
    if (this.#met.size > limits.clientsMax && first !== undefined) this.#met.delete(first)
  }
}

const unknown = (identity: RequestIdentity, { isTableFull, memberFloor }: Unknown) =>
  new DatabaseError(
    'OUTCOME_UNKNOWN',
    isTableFull === true
      ? 'this client is new, and so many others were forgotten that no further one is taken on: it was not run. Use fewer client ids'
      : 'this request is too old, or its client was forgotten or never seen; it was not run again',
    {
      details: {
        clientId: identity.clientId,
        requestNo: identity.requestNo,
        ...(isTableFull === true ? { isTableFull } : {}),
        ...(memberFloor === undefined ? {} : { memberFloor }),
      },
      outcome: 'unknown',
    },
  )
