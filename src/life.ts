/**
 * One database from `open` to its end: takes the lease, recovers the store, leads and lets everything go, as its machine decides.
 *
 *   begin ─▶ #acquire ─▶ #recover ─▶ #lead ══ a reign ══▶ #drain ─▶ #release ─▶ #end
 *              any of them fails, or #fail from within the reign ─────▲
 */
import { createActor } from 'xstate'
import type { OpenOptions } from './api.ts'
import { DatabaseHandle } from './database.ts'
import { loggedStore } from './effects/logged-store.ts'
import type { HeldPlace, Place } from './effects/place.ts'
import type { Clock } from './effects/ports.ts'
import { newStoreId, systemRandom } from './effects/random.ts'
import { aborted } from './effects/request-queue.ts'
import { withResolvers } from './effects/with-resolvers.ts'
import { engineMaker } from './engine-maker.ts'
import { asDatabaseError, DatabaseError } from './errors.ts'
import type { LeaderCause, Status } from './events.ts'
import { storageFailed, watchPlace } from './life-place.ts'
import { statusAfter, statusAtFirst } from './life-status.ts'
import { limits } from './limits.ts'
import { isolated } from './logger.ts'
import { databaseMachine, type DatabaseStatus } from './machines/database.ts'
import type { Settings } from './options.ts'
import { recoverStore, type Recovered } from './recovery.ts'
import { Reign } from './reign.ts'
import { untilThere } from './storage/awaited.ts'
import { View } from './storage/view.ts'
import { createStreams, type Streams } from './streams/streams.ts'
import type { SqliteModule } from './vfs/sqlite-module.ts'
import type { Address } from './wire/transport.ts'

export interface LifeOptions {
  readonly name: string
  readonly settings: Settings
  readonly options: OpenOptions
  readonly clock: Clock
  /** An instance that is nobody else's. Absent: one is made. */
  readonly sqlite?: Promise<SqliteModule>
  /** Why it leads, and since when that was to be. */
  readonly cause?: { readonly cause: LeaderCause; readonly sinceMs: number }
}

/** Where a life is lived; given up when it ends. */
export type LifePlace = Pick<Place, 'medium' | 'location' | 'acquire'>

export class Life {
  readonly #name: string
  readonly #settings: Settings
  readonly #options: OpenOptions
  readonly #place: LifePlace
  readonly #makeEngine: ReturnType<typeof engineMaker>
  readonly #clock: Clock
  readonly #cause: LifeOptions['cause']
  readonly #streams: Streams
  readonly #machine = createActor(databaseMachine)
  readonly #opened = withResolvers<DatabaseHandle>()
  readonly #ended = withResolvers<void>()
  #held: HeldPlace | undefined
  #heldSinceMs = 0
  #recovered: Recovered | undefined
  #reign: Reign | undefined
  #isHandedOver = false
  #error: DatabaseError | undefined
  #status: Status

  constructor(place: LifePlace, { name, settings, options, clock, sqlite, cause }: LifeOptions) {
    this.#cause = cause
    this.#clock = clock
    this.#name = name
    this.#settings = settings
    this.#options = options
    this.#place = place
    this.#status = statusAtFirst(place, settings)
    this.#streams = createStreams({
      clock: this.#clock,
      initialStatus: this.#status,
      ...(options.on === undefined ? {} : { on: options.on }),
      ...(options.logger === undefined ? {} : { logger: isolated(options.logger) }),
    })
    this.#makeEngine = engineMaker(settings, options, { streams: this.#streams, sqlite })
  }

  get streams(): Pick<Streams, 'events$' | 'commits$' | 'metrics$' | 'status$' | 'emit'> {
    return this.#streams
  }

  /** Resolves when everything is let go. @throws why that was not in order */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  get epoch(): number {
    return this.#recovered?.store.epoch ?? 0
  }

  /** Where it lies after all, once it is held. */
  get medium(): Status['medium'] {
    return this.#status.medium
  }

  get reign(): Reign | undefined {
    return this.#reign
  }

  note(address: Address | undefined): void {
    const epoch = this.#recovered?.store.epoch
    if (epoch !== undefined) this.#held?.note(epoch, address)
  }

  /** Resolves when it leads. @throws what kept it from leading */
  begin(): Promise<DatabaseHandle> {
    const machine = this.#machine
    machine.subscribe({ error: (error: unknown) => this.#ended.reject(error) })
    machine.on('lock.wanted', () => void this.#acquire())
    machine.on('recovery.wanted', () => void this.#recover())
    machine.on('drain.wanted', () => void this.#drain())
    machine.on('release.wanted', ({ isClean }) => void this.#release(isClean))
    machine.on('status.changed', ({ status }) => this.#statusChanged(status))
    machine.start()
    machine.send({ type: 'open.requested' })
    return this.#opened.promise
  }

  async #acquire(): Promise<void> {
    try {
      this.#heldSinceMs = this.#clock.now()
      this.#held = await this.#place.acquire()
      const { where } = this.#held
      if (where !== undefined) this.#status = { ...this.#status, medium: where.medium, mediumReason: where.why }
      this.#machine.send({ type: 'lock.acquired' })
    } catch (error) {
      this.#machine.send({ type: 'lock.refused', code: this.#note(error).code })
    }
  }

  async #recover(): Promise<void> {
    const held = this.#held
    const { signal } = this.#options
    try {
      if (held === undefined) throw new DatabaseError('DATABASE_FAILED', 'recovery was asked for without a lease')
      if (signal?.aborted === true) throw aborted(signal)
      const recovered = await recoverStore(held, this.#settings, {
        clock: this.#clock,
        random: systemRandom,
        newStoreId: newStoreId(),
        ...(signal === undefined ? {} : { signal }),
      })
      const store = loggedStore(recovered.store, this.#options.logger, this.#clock)
      this.#recovered = { ...recovered, store }
      await this.#lead(this.#recovered)
      this.#machine.send({ type: 'recovery.finished' })
    } catch (error) {
      this.#machine.send({ type: 'recovery.failed', code: this.#note(error).code })
    }
  }

  async #lead({ store, report, ms }: Recovered): Promise<void> {
    const makeEngine = this.#makeEngine
    const view = new View(store, { transactionBytesMax: limits.transactionBytesMax })
    this.#reign = new Reign({
      settings: this.#settings,
      store,
      view,
      engine: await untilThere(
        () => store.awaited,
        () => makeEngine(view),
      ),
      makeEngine,
      streams: this.#streams,
      clock: this.#clock,
      heldSinceMs: this.#heldSinceMs,
      recoveryReport: report,
      onFailed: (error) => this.fail(error),
      close: () => this.close(),
    })
    watchPlace(this.#held, { store, streams: this.#streams, onLost: (error) => this.fail(error) })
    this.#streams.emit({ type: 'recovery.finished', report, ms })
    const { cause = 'opened', sinceMs = this.#clock.now() - ms } = this.#cause ?? {}
    this.#streams.emit({
      type: 'leader.changed',
      epoch: store.epoch,
      role: 'leader',
      cause,
      ms: this.#clock.now() - sinceMs,
    })
  }

  /** Drains and lets everything go. `isHandedOver`: another one is to lead at once. */
  close({ isHandedOver = false } = {}): Promise<void> {
    this.#isHandedOver ||= isHandedOver
    if (this.#machine.getSnapshot().status === 'active') this.#machine.send({ type: 'close.requested' })
    return this.#ended.promise
  }

  async #drain(): Promise<void> {
    const drained = await this.#reign?.drain()
    const isGivenUp = drained?.isGivenUp ?? false
    if (isGivenUp) this.#note(drained?.error)
    this.#machine.send({ type: 'drained', isGivenUp })
  }

  async #release(isClean: boolean): Promise<void> {
    try {
      if (this.#reign !== undefined) await this.#reign.release({ isClean, isHandedOver: this.#isHandedOver })
      else this.#recovered?.store.abandon()
      await this.#held?.release({ isHandedOver: isClean && this.#isHandedOver })
      this.#machine.send({ type: 'released' })
    } catch (error) {
      const failure = this.#note(error)
      this.#streams.emit(storageFailed(failure, 'close'))
      this.#machine.send(isClean ? { type: 'release.failed', code: failure.code } : { type: 'released' })
    }
  }

  /** Something can no longer be served: everyone who waits is told, and what is held is let go without writing. */
  fail(error: DatabaseError): void {
    this.#note(error)
    this.#reign?.fail(error)
    if (this.#machine.getSnapshot().status !== 'active') return
    this.#machine.send(
      error.code === 'LEASE_LOST' ? { type: 'lease.lost' } : { type: 'actor.failed', code: error.code },
    )
  }

  /** The first error is the one that is told. */
  #note(error: unknown): DatabaseError {
    this.#error ??= asDatabaseError(error)
    return this.#error
  }

  #statusChanged(status: DatabaseStatus): void {
    const epoch = this.#recovered?.store.epoch ?? 0
    this.#status = statusAfter(this.#status, status, { epoch, reason: this.#error?.message })
    this.#streams.setStatus(this.#status)
    if (status === 'leading' && this.#reign !== undefined)
      this.#opened.resolve(new DatabaseHandle(this.#name, this.#reign))
    if (status === 'closed' || status === 'failed') this.#end()
  }

  #end(): void {
    const error = this.#error
    this.#streams.emit({ type: 'database.closed' })
    this.#streams.complete()
    this.#opened.reject(error ?? new DatabaseError('DATABASE_CLOSED', 'the database was closed while it opened'))
    // Closed with an error: the drain was given up, and what it could not flush is lost.
    if (error === undefined) this.#ended.resolve()
    else this.#ended.reject(error)
  }
}
