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
import type { DatabaseError } from '../errors.ts'
import type { AwaitedBlocks } from '../storage/awaited.ts'
import type { Txid } from '../units.ts'
import { type AnswerPorts, Answers, type Asked } from './answers.ts'
import { Awaiting } from './awaiting.ts'
import type { Answer, Call } from './call.ts'
import { Deadlines } from './deadlines.ts'
import { IdleWaits } from './idle-waits.ts'
import { LoopWatch } from './loop-watch.ts'
import type { Clock, SqlEngine } from './ports.ts'
import { expired, outOfTime } from './request-errors.ts'
import { RequestQueue } from './request-queue.ts'
import { exclusiveOutcomeOf, type Outcome, outcomeOf } from './run-request.ts'

export interface ExecutorPorts extends AnswerPorts {
  readonly engine: SqlEngine
  readonly clock: Clock
  /** An exception went through SQLite: its instance is of no use any more. */
  readonly onPoisoned: () => void
  /** Blocks of the store that are still on their way. */
  readonly awaited: () => AwaitedBlocks | undefined
  /** A rule of our own was broken while a request was run or answered. */
  readonly onBroken: (error: unknown) => void
  /** Why commits do not come through, for those who waited in vain. */
  readonly delayCause: () => unknown
  /** A sealed group this large is flushed before more requests run. */
  readonly groupBytesMax: number
  readonly queueMax: number
  readonly turnMs: number
  /** False: another one may lead by now. `schedule` is called once that is known not to be so. */
  readonly mayServe: () => boolean
}

interface Entry extends Asked {
  readonly start: (() => unknown) | undefined
  readonly startExclusive: (() => Promise<unknown>) | undefined
}

/** Cheaper than queueMicrotask, which Node wraps in an asynchronous resource of its own. */
const ready = Promise.resolve()

export class Executor {
  readonly #ports: ExecutorPorts
  readonly #queue: RequestQueue<Entry>
  readonly #answers: Answers
  readonly #deadlines: Deadlines
  readonly #loop: LoopWatch
  readonly #awaiting: Awaiting<Entry>
  #refusal: DatabaseError | undefined
  #isTurnScheduled = false
  #isExclusive = false
  #isHeld = false
  #isPaused = false
  #isAwaiting = false
  readonly #idle = new IdleWaits(() => this.isIdle)

  constructor(ports: ExecutorPorts) {
    this.#ports = ports
    this.#queue = new RequestQueue(ports.queueMax)
    this.#answers = new Answers(ports)
    this.#loop = new LoopWatch(ports.clock)
    this.#awaiting = new Awaiting(ports.awaited)
    this.#deadlines = new Deadlines(ports.clock, (nowMs) => this.#expire(nowMs))
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
    this.schedule()
  }

  /** The connection is being made anew. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.schedule()
  }

  /** What was sealed is not any more: whoever was about to be answered for it is told so. */
  discarded(error: DatabaseError): void {
    this.#answers.discarded(error)
  }

  /** Somebody waits outside the queue: expired ones are looked for until nobody does. */
  watchDeadlines(): void {
    this.#deadlines.watch()
  }

  /** Why new requests are refused; undefined while they are not. */
  get refusal(): DatabaseError | undefined {
    return this.#refusal
  }

  /** Refuses new requests with `error`; those that wait are still served. */
  refuse(error: DatabaseError): void {
    this.#refusal ??= error
  }

  /** Refuses new requests and rejects all that wait. */
  fail(error: DatabaseError): void {
    this.#refusal ??= error
    for (const entry of this.#queue.takeAll()) entry.reject(error)
    this.#idle.settle()
  }

  /** Resolves when no request is queued or running. */
  idle(): Promise<void> {
    return this.#idle.until()
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
      this.schedule()
      this.#deadlines.watch()
    })
  }

  /** Also from outside, when it may be served again. */
  schedule(): void {
    if (this.#isTurnScheduled || !this.#mayRun) return
    this.#isTurnScheduled = true
    void ready.then(() => this.#turn())
  }

  get #mayRun(): boolean {
    return this.#queue.length > 0 && !this.#isExclusive && !this.#isHeld && !this.#isPaused && !this.#isAwaiting
  }

  #turn(): void {
    const { clock, view, turnMs, mayServe } = this.#ports
    this.#isTurnScheduled = false
    if (!mayServe()) return
    const nowMs = clock.now()
    if (this.#loop.isStarved(nowMs, turnMs)) return this.#turnSoon()
    const endsAtMs = nowMs + turnMs
    while (this.#mayRun) {
      const entry = this.#queue.shift()
      if (entry === undefined) break
      const coming = this.#awaiting.before({ isWhole: entry.startExclusive !== undefined })
      if (coming !== undefined) this.#park(entry, coming)
      else if (entry.startExclusive === undefined) this.#run(entry)
      else void this.#runExclusive(entry, entry.startExclusive)
      if (view.groupBytes >= this.#ports.groupBytesMax || clock.now() >= endsAtMs) break
    }
    this.#endTurn()
    if (this.#mayRun) this.#turnSoon()
  }

  #turnSoon(): void {
    this.#isTurnScheduled = true
    this.#ports.clock.soon(() => this.#turn())
  }

  #endTurn(): void {
    this.#answers.endTurn()
    this.#idle.settle()
  }

  #run(entry: Entry): void {
    const { view } = this.#ports
    const before = view.sealedTxid
    const outcome = outcomeOf(entry.start, this.#ports)
    const coming = view.sealedTxid === before ? this.#awaiting.after(entry, outcome.error) : undefined
    if (coming === undefined) this.#answer(entry, before, outcome)
    else this.#park(entry, coming)
  }

  /** Back to the head of the queue, which stands still until what `entry` needs is there; if that fails, `entry` has ended. */
  #park(entry: Entry, coming: Promise<void>): void {
    this.#queue.unshift(entry, entry.call.signal)
    this.#isAwaiting = true
    const goOn = () => {
      this.#isAwaiting = false
      this.#idle.settle()
      this.schedule()
    }
    coming.then(goOn, (error: unknown) => {
      for (const one of this.#queue.takeWhere((waiting) => waiting === entry)) one.reject(error)
      this.#ports.observeError(error)
      goOn()
    })
  }

  async #runExclusive(entry: Entry, work: () => Promise<unknown>): Promise<void> {
    this.#isExclusive = true
    const before = this.#ports.view.sealedTxid
    const outcome = await exclusiveOutcomeOf(work, this.#ports, () => this.#isPaused)
    this.#isExclusive = false
    this.#answer(entry, before, outcome)
    this.#endTurn()
    this.schedule()
  }

  #answer(entry: Entry, before: Txid, outcome: Outcome): void {
    try {
      this.#answers.answer(entry, before, outcome)
    } catch (error) {
      entry.reject(error)
      this.#ports.onBroken(error)
    }
  }

  /** Rejects those whose time is over. Says whether anybody still waits. */
  #expire(nowMs: number): boolean {
    const cause = this.#ports.delayCause()
    for (const entry of this.#queue.takeWhere(({ deadlineAtMs }) => deadlineAtMs <= nowMs)) entry.reject(expired(cause))
    this.#ports.acks.expire(nowMs, () => outOfTime(cause))
    this.#idle.settle()
    return this.#queue.length > 0 || this.#ports.acks.count > 0
  }
}
