/**
 * A leader with a database of one table: the Clients, their Servers and the Outcomes that ship, over a log in memory. What it is asked it
 * runs in order, then flushes what has run, each when the scheduler says so. The medium refuses a flush of an older epoch than it knows.
 */
import type * as fc from 'fast-check'
import { BehaviorSubject, NEVER } from 'rxjs'
import type { Led, LedQueryOptions } from '../../../src/api.ts'
import { Outcomes, parseRequestId, type RequestIdentity } from '../../../src/effects/outcomes.ts'
import { DatabaseError } from '../../../src/errors.ts'
import { Clients } from '../../../src/host/clients.ts'
import { statusAtFirst } from '../../../src/life-status.ts'
import type { Txid } from '../../../src/units.ts'
import type { Serving } from '../../../src/wire/transport.ts'
import type { ManualClock } from '../../unit/effects/manual-clock.ts'
import { line, type Switchboard } from './channel.ts'
import type { Medium } from './medium.ts'

export interface World {
  readonly s: fc.Scheduler
  readonly clock: ManualClock
  readonly switchboard: Switchboard
  readonly medium: Medium
}

interface Answer {
  readonly txid: Txid
}

interface Submitted {
  readonly request: string
  readonly identity: RequestIdentity
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export class Leader {
  readonly epoch: number
  readonly #world: World
  readonly #outcomes: Outcomes
  readonly #runs
  readonly #flushes
  readonly #clients: Clients
  /** What is not flushed yet, and of that what has run. */
  readonly #waiting = new Set<Submitted>()
  #sealed: { readonly submitted: Submitted; readonly txid: Txid }[] = []
  #serving: Serving | undefined
  #isOver = false
  #onEmpty: () => void = () => undefined
  /** Messages of members that were taken for those of strangers. */
  refusedCount = 0

  /** Its epoch is on the medium from here on. */
  constructor(world: World) {
    const { s, clock, medium } = world
    this.#world = world
    this.epoch = ++medium.epoch
    this.#outcomes = new Outcomes((identity) => medium.lookUp(identity, this.epoch))
    this.#runs = line<Submitted>(s, 'run', (submitted) => this.#run(submitted))
    this.#flushes = line<object>(s, 'flush', () => this.#flush())
    this.#clients = new Clients({
      database: this.#database(),
      epoch: () => this.epoch,
      medium: 'memory',
      pragmas: {},
      timer: clock,
      onRefused: () => (this.refusedCount += 1),
      onEpochHeard: (epoch) => epoch > this.epoch && this.#lose(),
    })
  }

  async begin(): Promise<void> {
    this.#serving = await this.#world.switchboard.transport().serve(this.epoch, {
      onConnection: (connection) => this.#clients.accept(connection),
      onRefused: () => undefined,
    })
  }

  beat(): void {
    if (this.#isOver) return
    this.#world.switchboard.announce(this.epoch)
    this.#clients.beat()
  }

  stoodStill(): void {
    if (!this.#isOver) this.#clients.stoodStill()
  }

  /** Its process is gone, and what was on its way with it. */
  die(): void {
    this.#isOver = true
    this.#serving?.stop()
    this.#world.switchboard.cut(this.epoch)
  }

  /** Resolves when what it was asked is flushed. */
  async resign(): Promise<void> {
    this.#serving?.stop()
    this.#clients.resign()
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve))
    this.#isOver = true
    this.#clients.close()
  }

  #database(): Led {
    const status = { ...statusAtFirst({ medium: 'memory', location: '' }, { durability: 'strict' }), epoch: this.epoch }
    const streams = { events$: NEVER, commits$: NEVER, metrics$: NEVER, status$: new BehaviorSubject(status) }
    const exec = (request: string, _params: unknown, how: LedQueryOptions) => this.#exec(request, how)
    // What else a database can is not asked of this one.
    return { ...streams, exec } as unknown as Led
  }

  async #exec(request: string, { requestId = '' }: LedQueryOptions) {
    const identity = parseRequestId(requestId)
    const { txid } = await this.#outcomes.once<Answer>(identity, {
      run: () => new Promise((resolve, reject) => this.#submit({ request, identity, resolve, reject })),
      durable: () => Promise.resolve(),
    })
    return { rowsAffected: 1, lastInsertRowid: txid, receipt: { epoch: this.epoch, txid }, durability: 'strict' }
  }

  #submit(submitted: Submitted): void {
    if (this.#isOver) return submitted.reject(leaseLost())
    this.#waiting.add(submitted)
    this.#runs.put(submitted)
  }

  #run(submitted: Submitted): void {
    if (this.#isOver) return
    const txid = (this.#world.medium.log.length + this.#sealed.length + 1) as Txid
    this.#outcomes.finished(submitted.identity, txid, { txid }, undefined)
    this.#sealed.push({ submitted, txid })
    this.#flushes.put({})
  }

  #flush(): void {
    if (this.#isOver || this.#sealed.length === 0) return
    const { medium } = this.#world
    if (medium.epoch !== this.epoch) return this.#lose()
    const group = this.#sealed.splice(0)
    medium.append(
      group.map(({ submitted }) => submitted.request),
      this.#outcomes.take(),
    )
    this.#outcomes.settle()
    for (const { submitted, txid } of group) {
      this.#waiting.delete(submitted)
      submitted.resolve({ txid })
    }
    if (this.#waiting.size === 0) this.#onEmpty()
  }

  /** Another one leads. */
  #lose(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#serving?.stop()
    this.#outcomes.discard()
    for (const { reject } of this.#waiting) reject(leaseLost())
    void this.#world.s.schedule(Promise.resolve(), 'ends').then(() => this.#clients.close())
  }
}

const leaseLost = () => new DatabaseError('LEASE_LOST', 'another one leads', { outcome: 'unknown' })
