/**
 * The requests of a member that does not lead, on their way to whoever does. When the leader changes, what it has not answered is asked
 * of the next one, in the same order and under the same name: the next one knows what was applied.
 *
 *   ask ─▶ waits for a leader, and for room in the window ─▶ underway ─▶ answered
 *                ▲───────── that leader leads no more ─────────┘
 *
 * Each ends once, at its deadline at the latest.
 */
import type { Led, Signal } from '../api.ts'
import { asError, DatabaseError, inDoubt, isDatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import { assertRequestOptions } from '../request-options.ts'
import { ClientIdentity } from './client-identity.ts'
import { type Asked, type Forwarded, interrupted, requestIdOf, unresponsive, withdrawn } from './forwarded.ts'
import { isOfLeaderGone } from './leader-gone.ts'
import { type Due, SharedTimer } from './shared-timer.ts'
import type { MonotonicTimer } from './timer.ts'

export interface ForwarderPorts {
  readonly timer: MonotonicTimer
  readonly newId: () => string
  /** Somebody waits, or nobody does any more. */
  readonly onWaiting: (isWaiting: boolean) => void
}

interface Session {
  readonly database: Led
  readonly epoch: number
}

export class Forwarder {
  readonly #ports: ForwarderPorts
  readonly #deadlines: SharedTimer
  /** In the order in which they were asked. */
  readonly #waiting = new Set<Forwarded>()
  #session: Session | undefined
  #identity: ClientIdentity | undefined
  #refusal: DatabaseError | undefined
  #silence: string | undefined
  /** Members whose names are not of an epoch above this one may have been forgotten. */
  #memberFloor = 0
  /** Of those that wait, those that are underway with nobody, in the same order. */
  #idle = new Set<Forwarded>()
  /** Readings that go on chunk by chunk. */
  #openCount = 0
  #isTold = false
  #onEmpty: (() => void)[] = []

  constructor(ports: ForwarderPorts) {
    this.#ports = ports
    this.#deadlines = new SharedTimer(ports.timer, (due) => this.#expire(due))
  }

  /** @throws LEADER_UNRESPONSIVE, LEADER_CHANGED if it is not repeatable, ABORTED, QUEUE_FULL, what the leader answers */
  ask<T>(asked: Asked<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { deadlineMs, signal } = asked
      assertRequestOptions(signal === undefined ? { deadlineMs } : { deadlineMs, signal })
      if (this.#refusal !== undefined) return reject(this.#refusal)
      if (this.#waiting.size >= limits.queueMax) return reject(full())
      const onAbort = signal === undefined ? undefined : () => this.#withdraw(entry, signal)
      const entry: Forwarded = {
        asked,
        deadlineAtMs: this.#ports.timer.now() + deadlineMs,
        due: this.#deadlines.enter(deadlineMs),
        onAbort,
        resolve: resolve as Forwarded['resolve'],
        reject,
        name: undefined,
        sentCount: 0,
        session: undefined,
      }
      this.#waiting.add(entry)
      this.#idle.add(entry)
      this.#tellWaiting()
      if (signal?.aborted === true) return onAbort?.()
      if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true })
      this.#send()
    })
  }

  /** Somebody leads, or nobody is known to: what is not answered is asked anew. */
  lead(database: Led | undefined, epoch = 0): void {
    this.#session = database === undefined ? undefined : { database, epoch }
    this.#silence = undefined
    this.#interrupt([...this.#waiting].filter(({ session }) => session !== undefined))
    this.#send()
  }

  /** Why whoever leads does not answer: told to those who wait in vain. */
  silent(): void {
    this.#silence = 'it gives no sign of life, and nobody can take its place'
  }

  /** Refuses what is new; what waits is still served. */
  refuse(error: DatabaseError): void {
    this.#refusal ??= error
  }

  fail(error: DatabaseError): void {
    this.#refusal ??= error
    for (const entry of [...this.#waiting])
      this.#reject(entry, entry.sentCount === 0 ? error : inDoubt(error, requestIdOf(entry)))
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0 || this.#openCount > 0
  }

  /** Something that was asked is not underway yet: what is asked now comes after it. */
  get isBehind(): boolean {
    return this.#idle.size > 0
  }

  /** Somebody reads on after the answer. Returns how to end that. */
  hold(): () => void {
    this.#openCount += 1
    this.#tellWaiting()
    return () => {
      this.#openCount -= 1
      this.#tellWaiting()
    }
  }

  /** Resolves when nobody waits. */
  idle(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onEmpty.push(resolve))
  }

  /** Their leader leads no more. */
  #interrupt(entries: readonly Forwarded[]): void {
    this.#putBack(entries)
    for (const entry of entries) {
      const { signal, isRepeatable } = entry.asked
      if (!isRepeatable) this.#reject(entry, interrupted(entry))
      else if (signal?.aborted === true) this.#withdraw(entry, signal)
    }
  }

  #send(): void {
    const session = this.#session
    if (session === undefined) return
    for (const entry of this.#idle) {
      const underway = this.#waiting.size - this.#idle.size
      if (underway >= limits.clientQueueMax || !this.#name(entry, session)) return
      this.#dispatch(entry, session)
    }
  }

  /** False: there is no room in the window now. */
  #name(entry: Forwarded, { epoch }: Session): boolean {
    if (entry.name !== undefined) return true
    const { requestId } = entry.asked
    if (requestId !== undefined) {
      entry.name = { requestId }
      return true
    }
    this.#identity ??= new ClientIdentity(Math.max(epoch, this.#memberFloor + 1), this.#ports.newId())
    const identity = this.#identity
    if (!identity.hasRoom) return false
    const no = identity.next()
    entry.name = { requestId: identity.requestId(no), number: { identity, no } }
    return true
  }

  #dispatch(entry: Forwarded, session: Session): void {
    const { asked, name, deadlineAtMs } = entry
    entry.session = session
    this.#idle.delete(entry)
    entry.sentCount += 1
    const deadlineMs = Math.max(1, deadlineAtMs - this.#ports.timer.now())
    asked.run(session.database, { requestId: name?.requestId ?? '', deadlineMs }).then(
      (value) => entry.session === session && this.#ended(entry) && entry.resolve(value),
      (error: unknown) => entry.session === session && this.#failed(entry, error),
    )
  }

  #failed(entry: Forwarded, error: unknown): void {
    if (isOfLeaderGone(error)) return this.#interrupt([entry])
    // Forgotten while we were silent, and asked for the first time: it was not run, so another name is as good.
    if (isDatabaseError(error, 'OUTCOME_UNKNOWN') && entry.sentCount === 1 && entry.name?.number !== undefined) {
      const { identity, no } = entry.name.number
      identity.ended(no)
      if (this.#identity === identity) this.#identity = undefined
      const { memberFloor } = error.details
      if (typeof memberFloor === 'number') this.#memberFloor = Math.max(this.#memberFloor, memberFloor)
      entry.name = undefined
      entry.sentCount = 0
      this.#putBack([entry])
      return this.#send()
    }
    this.#reject(entry, error)
  }

  #reject(entry: Forwarded, error: unknown): void {
    if (this.#ended(entry)) entry.reject(asError(error))
  }

  /** One that is underway is withdrawn by the leader, who answers it. */
  #withdraw(entry: Forwarded, signal: Signal): void {
    if (entry.session === undefined) this.#reject(entry, withdrawn(entry, signal))
  }

  #expire(due: Due): void {
    for (const entry of [...this.#waiting])
      if (entry.due === due) this.#reject(entry, unresponsive(entry, this.#silence))
  }

  /** It waits no more. False: it had ended before. */
  #ended(entry: Forwarded): boolean {
    if (!this.#waiting.delete(entry)) return false
    this.#idle.delete(entry)
    this.#deadlines.leave(entry.due)
    if (entry.onAbort !== undefined) entry.asked.signal?.removeEventListener('abort', entry.onAbort)
    const number = entry.name?.number
    number?.identity.ended(number.no)
    if (this.#waiting.size > 0) this.#send()
    else {
      this.#tellWaiting()
      for (const resolve of this.#onEmpty.splice(0)) resolve()
    }
    return true
  }

  /** Those that are underway with nobody are in the order in which they were asked. */
  #putBack(entries: readonly Forwarded[]): void {
    for (const entry of entries) entry.session = undefined
    this.#idle = new Set([...this.#waiting].filter(({ session }) => session === undefined))
  }

  #tellWaiting(): void {
    if (this.isWaiting === this.#isTold) return
    this.#isTold = this.isWaiting
    this.#ports.onWaiting(this.isWaiting)
  }
}

const full = () =>
  new DatabaseError('QUEUE_FULL', `${limits.queueMax} requests wait already; await some before sending more`, {
    details: { max: limits.queueMax },
    retryable: true,
  })
