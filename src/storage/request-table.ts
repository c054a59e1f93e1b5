/**
 * What became of requests that carry an id, so that asking again answers instead of running again.
 *
 * Bounded: the last outcomes of each client above a floor, the clients that spoke last, and a mark for each client that was
 * forgotten. What was forgotten is never taken for fresh (docs/decisions/0012-forgotten-clients.md):
 *
 *   client            outcome kept   else
 *   marked forgotten  known          unknown
 *   in the table      known          unknown at or below its floor, fresh above
 *   never seen        –              fresh for request 1 while there is room for a client, else unknown and new
 *   a member of ours  known          unknown if its epoch is not above that of a member which was forgotten, else fresh
 *
 * Members that share a database name themselves `~<epoch>~<random>`, anew for each visit: they are forgotten by whole epochs, so that
 * their marks take the room of one number (docs/decisions/0013-names-of-members.md).
 *
 * Outcomes live in commit records; the first record of each log segment carries the whole table on.
 */
import { limits } from '../limits.ts'
import type { Txid } from '../units.ts'
import type { OutcomeLookup } from './block-store.ts'
import { ForgottenClients } from './forgotten-clients.ts'

/** One finished request. Kept in the commit record of its last transaction and carried on when the log is recycled. */
export interface RequestOutcome {
  readonly clientId: string
  /** Counted from 1 by the client. */
  readonly requestNo: number
  readonly txid: Txid
  /** JSON of what the caller was answered (result or error); null when it was too large to keep. */
  readonly answer: string | null
}

/** Begins a client in a carried table: its outcomes follow, the one that spoke last comes last. */
export interface ClientFloor {
  readonly clientId: string
  readonly floor: number
}

/** Clients that were forgotten, as ForgottenClients writes them. */
export interface ForgottenMarks {
  readonly forgotten: string
}

export type RequestEntry = RequestOutcome | ClientFloor | ForgottenMarks

interface Client {
  floor: number
  /** By number, the lowest first. */
  outcomes: Map<number, RequestOutcome>
  highest: number
}

const newClient = (floor: number): Client => ({ floor, outcomes: new Map(), highest: 0 })

export class RequestTable {
  /** In the order in which they spoke: the first is the next to be forgotten. */
  readonly #clients = new Map<string, Client>()
  /** The last of them. */
  #latest: string | undefined
  readonly #forgotten = new ForgottenClients()
  /** Members of this epoch and of earlier ones may have been forgotten. */
  #memberFloor = 0
  #answerBytes = 0

  /** `epoch`: of whoever leads. */
  lookUp({ clientId, requestNo }: Pick<RequestOutcome, 'clientId' | 'requestNo'>, epoch: number): OutcomeLookup {
    const client = this.#clients.get(clientId)
    const outcome = client?.outcomes.get(requestNo)
    if (outcome !== undefined) return { kind: 'known', outcome }
    const memberEpoch = memberEpochOf(clientId)
    if (memberEpoch !== undefined && client === undefined) {
      const floor = this.#memberFloor
      // A name of an epoch that is yet to come is nobody's: it would raise the floor over the names of all who live.
      const isSound = memberEpoch > floor && memberEpoch <= Math.max(epoch, floor + 1)
      return isSound ? { kind: 'fresh' } : { kind: 'unknown', memberFloor: floor }
    }
    // Of members none is marked.
    if (memberEpoch === undefined && this.#forgotten.has(clientId)) return { kind: 'unknown' }
    if (client !== undefined) return { kind: requestNo <= client.floor ? 'unknown' : 'fresh' }
    const isFull = this.#forgotten.isFull && this.#clients.size >= limits.clientsMax
    if (isFull) return { kind: 'unknown', isTableFull: true }
    return requestNo === 1 ? { kind: 'fresh' } : { kind: 'unknown', isNew: true }
  }

  apply(entries: readonly RequestEntry[]): void {
    for (const entry of entries) {
      if ('forgotten' in entry) this.#forgotten.addMarks(entry.forgotten)
      else if ('floor' in entry && entry.clientId === MEMBERS) this.#raiseMemberFloor(entry.floor)
      else if ('floor' in entry) this.#begin(entry)
      else this.#record(entry)
    }
  }

  /** Everything that is known, in an order that `apply` turns into the same table. */
  entries(): RequestEntry[] {
    const forgotten = this.#forgotten.marks
    return [
      ...(forgotten === '' ? [] : [{ forgotten }]),
      ...(this.#memberFloor === 0 ? [] : [{ clientId: MEMBERS, floor: this.#memberFloor }]),
      ...[...this.#clients].flatMap(([clientId, { floor, outcomes }]) => [{ clientId, floor }, ...outcomes.values()]),
    ]
  }

  #begin({ clientId, floor }: ClientFloor): void {
    this.#forget(clientId)
    this.#spoke(clientId, newClient(floor))
    this.#keepClientsMax()
  }

  #record(outcome: RequestOutcome): void {
    const { clientId, requestNo } = outcome
    const client = this.#clients.get(clientId) ?? newClient(0)
    this.#spoke(clientId, client)
    this.#answerBytes += bytesOf(outcome) - bytesOf(client.outcomes.get(requestNo))
    client.outcomes.set(requestNo, outcome)
    if (requestNo >= client.highest) client.highest = requestNo
    else client.outcomes = new Map([...client.outcomes].sort(([one], [other]) => one - other))
    if (client.outcomes.size > limits.outcomesPerClientMax) this.#forgetLowest(client)
    this.#keepClientsMax()
    if (this.#answerBytes > limits.outcomesBytesMax) this.#dropAnswers()
  }

  #spoke(clientId: string, client: Client): void {
    if (clientId === this.#latest) return
    this.#latest = clientId
    this.#clients.delete(clientId)
    this.#clients.set(clientId, client)
  }

  #forgetLowest(client: Client): void {
    const [lowest] = client.outcomes.keys()
    if (lowest === undefined) return
    this.#answerBytes -= bytesOf(client.outcomes.get(lowest))
    client.outcomes.delete(lowest)
    client.floor = Math.max(client.floor, lowest)
  }

  #keepClientsMax(): void {
    if (this.#clients.size <= limits.clientsMax) return
    const [oldest] = this.#clients.keys()
    if (oldest === undefined) return
    this.#forget(oldest)
    const memberEpoch = memberEpochOf(oldest)
    if (memberEpoch === undefined) this.#forgotten.add(oldest)
    else this.#raiseMemberFloor(memberEpoch)
  }

  #raiseMemberFloor(epoch: number): void {
    this.#memberFloor = Math.max(this.#memberFloor, epoch)
  }

  #forget(clientId: string): void {
    for (const outcome of this.#clients.get(clientId)?.outcomes.values() ?? []) this.#answerBytes -= bytesOf(outcome)
    this.#clients.delete(clientId)
    if (clientId === this.#latest) this.#latest = undefined
  }

  /** Oldest first: that they were applied stays known, what was answered does not. */
  #dropAnswers(): void {
    for (const { outcomes } of this.#clients.values()) {
      for (const [requestNo, outcome] of outcomes) {
        if (this.#answerBytes <= limits.outcomesBytesMax / 2) return
        this.#answerBytes -= bytesOf(outcome)
        outcomes.set(requestNo, { ...outcome, answer: null })
      }
    }
  }
}

/** In place of a client: the floor of the epochs of members. */
const MEMBERS = '~'

const MEMBER = /^~([0-9]{1,15})~/

/** Undefined: not the name of a member. */
function memberEpochOf(clientId: string): number | undefined {
  const epoch = MEMBER.exec(clientId)?.[1]
  return epoch === undefined ? undefined : Number(epoch)
}

const bytesOf = (outcome: RequestOutcome | undefined): number => outcome?.answer?.length ?? 0

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })
const NONE = new Uint8Array(0)

/** [clientId, requestNo, txid, answer], [clientId, floor] or [marks of forgotten clients] each. */
type Packed = readonly [string, number, number, string | null] | readonly [string, number] | readonly [string]

export function encodeRequests(entries: readonly RequestEntry[]): Uint8Array {
  if (entries.length === 0) return NONE
  return encoder.encode(JSON.stringify(entries.map(pack)))
}

function pack(entry: RequestEntry): Packed {
  if ('forgotten' in entry) return [entry.forgotten]
  if ('floor' in entry) return [entry.clientId, entry.floor]
  return [entry.clientId, entry.requestNo, entry.txid, entry.answer]
}

/** Undefined when the bytes are no list of requests. They are covered by the record's hash, so that does not happen by rot. */
export function parseRequests(bytes: Uint8Array): RequestEntry[] | undefined {
  if (bytes.length === 0) return []
  try {
    // The hash of the record vouches for the shape: only encodeRequests makes it.
    const packed = JSON.parse(decoder.decode(bytes)) as readonly Packed[]
    return packed.map((one) => {
      if (one.length === 1) return { forgotten: one[0] }
      if (one.length === 2) return { clientId: one[0], floor: one[1] }
      return { clientId: one[0], requestNo: one[1], txid: one[2] as Txid, answer: one[3] }
    })
  } catch {
    return undefined
  }
}
