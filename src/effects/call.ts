/** What a request asks of the executor, and what it is answered. */
import type { Signal } from '../api.ts'
import type { Epoch, Txid } from '../units.ts'

export type Level = 'strict' | 'relaxed' | 'deferred'

export interface Call<T> {
  readonly level: Level
  /** Answer a call that wrote nothing only when all it saw is durable and the epoch is still ours. */
  readonly isStrictRead: boolean
  readonly deadlineMs: number
  readonly signal?: Signal | undefined
  /** Told when the call has sealed a transaction, before it is answered. */
  readonly onSealed?: ((answer: Answer<T>, error: unknown) => void) | undefined
}

export interface Answer<T> {
  readonly value: T
  readonly epoch: Epoch
  readonly txid: Txid
}
