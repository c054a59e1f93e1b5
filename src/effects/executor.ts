/**
 * Runs requests one after another on the one connection, first come first served.
 *
 *   submit ─▶ queue ─▶ work (synchronous) ─▶ sealed? ─▶ waits for its level ─▶ answered
 *   exclusive ─▶ queue ─▶ holds the connection until its promise settles ─▶ …
 *
 * A turn runs what is queued and only then tells autosync what was sealed: requests made together are flushed together, and a
 * flush never ends inside a request. Nothing waits without a bound: a request expires in the queue (not applied) or while its
 * commit is on its way (outcome unknown).
 */
import { DatabaseError } from '../errors.ts'
import type { View } from '../storage/view.ts'
import type { Epoch, Txid } from '../units.ts'
import type { Acks, Waiter } from './acks.ts'
import type { Answer, Call } from './call.ts'
import type { Clock, SqlEngine } from './ports.ts'
import { RequestQueue } from './request-queue.ts'

export interface ExecutorPorts {
  readonly engine: SqlEngine
  readonly view: View
  readonly acks: Acks
  readonly clock: Clock
  readonly epoch: () => Epoch
  readonly durableTxid: () => Txid
  /** @throws LEASE_LOST */
  readonly confirmEpoch: () => void | Promise<void>
  /** Something was sealed since the last call. */
  readonly tellSealed: (urgency: 'now' | 'policy') => void
  /** An exception went through SQLite: its instance is of no use any more. */
  readonly onPoisoned: () => void
  /** A request ended in an error. */
  readonly observeError: (error: unknown) => void
  /** Why commits do not come through, for those who waited in vain. */
  readonly delayCause: () => unknown
  /** A read waits for what is sealed already. */
  readonly requestFlush: () => void
  /** A sealed group this large is flushed before more requests run. */
  readonly groupBytesMax: number
  readonly queueMax: number
  readonly turnMs: number
}

interface Entry {
  readonly call: Call<unknown>
  readonly deadlineAtMs: number
  readonly start: (() => unknown) | undefined
  readonly startExclusive: (() => Promise<unknown>) | undefined
  readonly resolve: (answer: Answer<unknown>) => void
  readonly reject: (error: unknown) => void
}

/** Cheaper than queueMicrotask, which Node wraps in an asynchronous resource of its own. */
const ready = Promise.resolve()

/** How often expired requests are looked for; a deadline is kept to within this. */
const SWEEP_MS = 100

export class Executor {
  readonly #ports: ExecutorPorts
  readonly #queue: RequestQueue<Entry>
  #refusal: DatabaseError | undefined
  #isTurnScheduled = false
  #isExclusive = false
  #isHeld = false
  #isPaused = false
  #isSweeping = false
  #urgency: 'now' | 'policy' = 'policy'
  #isFlushAsked = false
  #toldTxid: Txid
  #answeredAtTurnEnd: Pick<Waiter, 'release' | 'reject'>[] = []
  #onIdle: (() => void)[] = []

  constructor(ports: ExecutorPorts) {
    this.#ports = ports
    this.#queue = new RequestQueue(ports.queueMax)
    this.#toldTxid = ports.view.sealedTxid
  }

  /** Runs `work` when its turn comes. @throws QUEUE_FULL, ABORTED, DEADLINE_EXCEEDED, what `work` throws, what its commit meets */
  submit<T>(work: () => T, call: Call<T>): Promise<Answer<T>> {
    return this.#enqueue<T>(work, undefined, call)
  }

  /** Runs `work` alone: until its promise settles, no other request does anything. */
  exclusive<T>(work: () => Promise<T>, call: Call<T>): Promise<Answer<T>> {
    return this.#enqueue<T>(undefined, work, call)
  }

  get waitingCount(): number {
    return this.#queue.length
  }

  /** Backpressure: requests wait, an open transaction goes on. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#schedule()
  }

  /** The connection is being made anew. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#schedule()
  }

  /** What was sealed is not any more: whoever was about to be answered for it is told so. */
  discarded(error: DatabaseError): void {
    this.#toldTxid = this.#ports.view.sealedTxid
    for (const { reject } of this.#answeredAtTurnEnd.splice(0)) reject(error)
  }

  /** Refuses new requests with `error`; those that wait are still served. */
  refuse(error: DatabaseError): void {
    this.#refusal ??= error
  }

  /** Refuses new requests and rejects all that wait. */
  fail(error: DatabaseError): void {
    this.#refusal ??= error
    for (const entry of this.#queue.takeAll()) entry.reject(error)
    this.#settleIdle()
  }

  /** Resolves when no request is queued or running. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** No request is queued or running. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && !this.#isExclusive
  }

  #enqueue<T>(start: Entry['start'], startExclusive: Entry['startExclusive'], call: Call<T>): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) return reject(this.#refusal)
      const entry: Entry = {
        start,
        startExclusive,
        call: call as Call<unknown>,
        deadlineAtMs: this.#ports.clock.now() + call.deadlineMs,
        resolve: resolve as Entry['resolve'],
        reject,
      }
      this.#queue.push(entry, call.signal)
      this.#schedule()
      this.watchDeadlines()
    })
  }

  #schedule(): void {
    if (this.#isTurnScheduled || !this.#mayRun) return
    this.#isTurnScheduled = true
    void ready.then(() => this.#turn())
  }

  get #mayRun(): boolean {
    return this.#queue.length > 0 && !this.#isExclusive && !this.#isHeld && !this.#isPaused
  }

  #turn(): void {
    this.#isTurnScheduled = false
    const { clock, view } = this.#ports
    const endsAtMs = clock.now() + this.#ports.turnMs
    while (this.#mayRun) {
      const entry = this.#queue.shift()
      if (entry === undefined) break
      if (entry.startExclusive === undefined) this.#run(entry)
      else void this.#runExclusive(entry, entry.startExclusive)
      if (view.groupBytes >= this.#ports.groupBytesMax || clock.now() >= endsAtMs) break
    }
    this.#endTurn()
    if (this.#mayRun) {
      this.#isTurnScheduled = true
      clock.soon(() => this.#turn())
    }
  }

  /** Tells autosync what was sealed, then answers those that wait for nothing more. */
  #endTurn(): void {
    const { view } = this.#ports
    if (view.sealedTxid !== this.#toldTxid) {
      this.#toldTxid = view.sealedTxid
      const urgency = this.#urgency
      this.#urgency = 'policy'
      this.#ports.tellSealed(urgency)
    }
    if (this.#isFlushAsked) {
      this.#isFlushAsked = false
      this.#ports.requestFlush()
    }
    if (this.#answeredAtTurnEnd.length > 0) for (const { release } of this.#answeredAtTurnEnd.splice(0)) release()
    this.#settleIdle()
  }

  #run(entry: Entry): void {
    const { engine, view } = this.#ports
    const before = view.sealedTxid
    let value: unknown
    let error: unknown
    try {
      value = entry.start?.()
    } catch (thrown) {
      error = thrown
    }
    if (engine.isPoisoned) this.#ports.onPoisoned()
    else if (!engine.isAutocommit) {
      engine.rollback()
      error = leftOpen(error)
    }
    this.#answer(entry, before, { value, error })
  }

  async #runExclusive(entry: Entry, work: () => Promise<unknown>): Promise<void> {
    this.#isExclusive = true
    const before = this.#ports.view.sealedTxid
    let value: unknown
    let error: unknown
    try {
      value = await work()
    } catch (thrown) {
      error = thrown
    }
    this.#isExclusive = false
    if (this.#ports.engine.isPoisoned) this.#ports.onPoisoned()
    this.#answer(entry, before, { value, error })
    this.#endTurn()
    this.#schedule()
  }

  #answer(entry: Entry, before: Txid, { value, error }: { value: unknown; error: unknown }): void {
    const { view, acks, epoch, durableTxid } = this.#ports
    const { call, resolve, reject, deadlineAtMs } = entry
    const txid = view.sealedTxid
    const settle = () => (error === undefined ? resolve({ value, epoch: epoch(), txid }) : reject(error))
    const hasSealed = view.sealedTxid > before
    if (error !== undefined) this.#ports.observeError(error)
    if (hasSealed) call.onSealed?.({ value, epoch: epoch(), txid }, error)
    if (!hasSealed && !(call.isStrictRead && error === undefined)) return settle()
    if (hasSealed && call.level === 'deferred') {
      this.#answeredAtTurnEnd.push({ release: settle, reject })
      return
    }
    const release = hasSealed ? settle : () => this.#confirmThen(settle, reject)
    if (!hasSealed && view.sealedTxid <= durableTxid()) return release()
    if (hasSealed) this.#urgency = 'now'
    else this.#isFlushAsked = true
    acks.wait(hasSealed && call.level === 'relaxed' ? 'relaxed' : 'strict', {
      txid: view.sealedTxid,
      release,
      reject,
      deadlineAtMs,
    })
  }

  #confirmThen(settle: () => void, reject: (error: unknown) => void): void {
    const confirmed = async () => this.#ports.confirmEpoch()
    confirmed().then(settle, reject)
  }

  /** Somebody waits: expired ones are looked for until nobody does. */
  watchDeadlines(): void {
    if (this.#isSweeping) return
    this.#isSweeping = true
    this.#ports.clock.after(SWEEP_MS, () => {
      this.#isSweeping = false
      const nowMs = this.#ports.clock.now()
      for (const entry of this.#queue.takeWhere(({ deadlineAtMs }) => deadlineAtMs <= nowMs)) entry.reject(expired())
      const cause = this.#ports.delayCause()
      this.#ports.acks.expire(nowMs, () => outOfTime(cause))
      this.#settleIdle()
      if (this.#queue.length > 0 || this.#ports.acks.count > 0) this.watchDeadlines()
    })
  }

  #settleIdle(): void {
    if (!this.isIdle) return
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}

const leftOpen = (cause: unknown) =>
  new DatabaseError(
    'TRANSACTION_LEFT_OPEN',
    'the request left a transaction open; it was rolled back. Use transaction()',
    {
      cause,
    },
  )

const expired = () =>
  new DatabaseError('DEADLINE_EXCEEDED', 'the request waited longer than its deadline and was not run', {
    retryable: true,
  })

const outOfTime = (cause: unknown) =>
  new DatabaseError('DEADLINE_EXCEEDED', 'the commit did not become durable within the deadline; it may still', {
    outcome: 'unknown',
    cause,
  })
