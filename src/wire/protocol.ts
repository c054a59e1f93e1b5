/**
 * What a page and the worker that has its database say to each other, and a member that follows and the one that leads. Everything can
 * be cloned by the platform as it is.
 *
 *   client                                     server
 *   open (page to worker) ───────────────────▶ opens, recovers
 *   join (follower to leader) ───────────────▶ takes the client on, or says why not
 *        ◀──────────────────────────────────── answer, or failed
 *   call id, begin id, iterate id, export id ▶ works
 *        ◀──── begun id · chunk id ─────────── answer id, or failed id: exactly one of the two ends an id
 *   end id · pull id · cancel id ────────────▶
 *   subscribe stream ────────────────────────▶
 *        ◀──── told stream ─────────────────── as long as somebody listens; `status` always
 *        ◀──── ended ───────────────────────── the database has come to its end
 *        ◀──── beat n ──────────────────────── a leader is there; envelopes to it name the last beat that was heard
 *        ◀──── stalled n ───────────────────── the same after the leader stood still: what names an earlier beat and was not begun is
 *                                              not run; all that is still waited for is asked again, in order
 *        ◀──── resigned ────────────────────── it lets go: what is not answered is asked of the next one
 *   leave ───────────────────────────────────▶
 *
 * An id is the client's, used once. A call with `within` belongs to the transaction that `within` began. Messages travel in
 * envelopes, in order; an envelope names the version that it is written in, and a newer one than ours is refused whole. A page and its
 * worker are of one version; members agree on theirs when they join.
 */
import type { DatabaseErrorOptions, ErrorCode } from '../errors.ts'
import type {
  ExecResult,
  LedTransactionOptions,
  OpenOptions,
  QueryOptions,
  RequestFate,
  RequestOptions,
  Statement,
} from '../api.ts'
import type { CommitEvent, DatabaseEvent, Receipt, Status } from '../events.ts'
import type { Metrics } from '../metrics.ts'
import type { LogLevel } from '../logger.ts'
import type { ConnectionPragmas, Row, SqlParams } from '../sql.ts'
import type { VerifyReport } from '../storage/block-store.ts'
import type { RecoveryReport } from '../storage/recovery-report.ts'

export const PROTOCOL_VERSION = 1
/** Whoever speaks at least this is understood. */
export const PROTOCOL_OLDEST = 1
/**
 * In which members write until they have agreed on one that both speak. For all time: it is how they come to know each other, as are the
 * words by which they find each other in a browser (effects/broadcast-transport.ts).
 */
export const PROTOCOL_OF_JOIN = 1

/** Numbered by the client from 1. */
export type WireId = number
/** In place of an id: everything that waits has failed, because the sides do not understand each other. */
export const ALL_IDS = 0

/** Signals do not travel: raising one is a `cancel`. */
type Cloned<Options> = Omit<Options, 'signal'>

/** What of the options the server needs; functions stay with the client, which hears of their occasions by message. */
export type WireOpenOptions = Omit<OpenOptions, 'signal' | 'logger' | 'on' | 'worker'> & {
  /** Somebody wants log records. */
  readonly isLogged: boolean
}

/** The calls that have one answer. */
export interface Methods {
  readonly exec: {
    args: [sql: string, params: SqlParams | undefined, options?: Cloned<RequestOptions>]
    value: ExecResult
  }
  readonly query: { args: [sql: string, params: SqlParams | undefined, options?: Cloned<QueryOptions>]; value: Row[] }
  readonly batch: { args: [statements: readonly Statement[], options?: Cloned<RequestOptions>]; value: ExecResult[] }
  readonly flush: { args: []; value: undefined }
  readonly forceSync: { args: []; value: Receipt }
  readonly durable: { args: [receipt: Receipt]; value: undefined }
  readonly verify: { args: []; value: VerifyReport }
  readonly checkpoint: { args: []; value: undefined }
  readonly import: { args: [file: Uint8Array]; value: Receipt }
  readonly close: { args: []; value: undefined }
  /** What became of a request whose leader is gone. */
  readonly outcomeOf: { args: [requestId: string]; value: RequestFate }
}
export type Method = keyof Methods

export interface Opened {
  readonly recoveryReport: RecoveryReport
  readonly status: Status
}

/** What a leader says to a client that it takes on. */
export interface Joined extends Opened {
  readonly epoch: number
  /** The version that both sides speak from here on. */
  readonly version: number
}

export interface Join {
  /** Unguessable, and of this connection alone. */
  readonly memberId: string
  /** Versions of the protocol that the client understands. */
  readonly speaks: { readonly oldest: number; readonly newest: number }
  /** The highest that the client knows of: a leader of an older one asks the medium whether it still leads. */
  readonly epoch: number
  /** Where the client wants the database to lie: another medium has another one. */
  readonly medium: Status['medium']
  /** Settings that change what statements mean have to be the leader's. */
  readonly pragmas: ConnectionPragmas
}

export interface Streamed {
  readonly events: DatabaseEvent
  readonly commits: CommitEvent
  readonly metrics: Metrics
  readonly status: Status
}
export type StreamName = keyof Streamed
/** Told only while somebody listens. */
export type StreamOnDemand = Exclude<StreamName, 'status'>

export type CallMessage = {
  [M in Method]: {
    readonly kind: 'call'
    readonly id: WireId
    readonly within?: WireId
    readonly method: M
    readonly args: Methods[M]['args']
  }
}[Method]

export type ClientMessage =
  | { readonly kind: 'open'; readonly id: WireId; readonly name: string; readonly options: WireOpenOptions }
  | { readonly kind: 'destroy'; readonly id: WireId; readonly name: string; readonly options: WireOpenOptions }
  | { readonly kind: 'join'; readonly id: WireId; readonly join: Join }
  | { readonly kind: 'leave' }
  | CallMessage
  | {
      readonly kind: 'begin'
      readonly id: WireId
      readonly within?: WireId
      readonly options: Cloned<LedTransactionOptions>
    }
  | { readonly kind: 'end'; readonly id: WireId; readonly isCommitted: boolean }
  | {
      readonly kind: 'iterate'
      readonly id: WireId
      readonly sql: string
      readonly params?: SqlParams
      readonly options: Cloned<QueryOptions>
    }
  | { readonly kind: 'export'; readonly id: WireId }
  /** One more chunk of an iteration or an export. */
  | { readonly kind: 'pull'; readonly id: WireId }
  | { readonly kind: 'cancel'; readonly id: WireId }
  | { readonly kind: 'subscribe'; readonly stream: StreamOnDemand; readonly isOn: boolean }

export type ToldMessage = {
  [S in StreamName]: { readonly kind: 'told'; readonly stream: S; readonly value: Streamed[S] }
}[StreamName]

export type ServerMessage =
  | { readonly kind: 'begun'; readonly id: WireId }
  | { readonly kind: 'chunk'; readonly id: WireId; readonly value: readonly Row[] | Uint8Array }
  | { readonly kind: 'answer'; readonly id: WireId; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: WireId; readonly error: WireError }
  | ToldMessage
  /** The database has come to its end, and with it its streams. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'beat'; readonly beat: number }
  | { readonly kind: 'stalled'; readonly beat: number }
  | { readonly kind: 'resigned' }
  | { readonly kind: 'logged'; readonly level: LogLevel; readonly record: object; readonly message?: string }

export interface Envelope<Message> {
  readonly datasync: number
  readonly messages: readonly Message[]
  /** The last beat of the leader that the client has heard. */
  readonly beat?: number
}

/** A DatabaseError as plain data; other errors keep their name and message. */
export interface WireError {
  readonly code?: ErrorCode
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly options?: Omit<DatabaseErrorOptions, 'cause'>
  readonly cause?: WireError
}
