/**
 * One member of those that have a database open together, from `open` to its end. The leader machine decides; here its wishes are done:
 *
 *   lock.wanted ─▶ the lock        leader.wanted ─▶ Follower ─ joined ─▶ forwarder ─▶ whoever leads
 *   reign.wanted ─▶ MemberReign: a life of the database here, and those who follow it
 *
 * Its user has a SharedDatabase, which stays the same whoever leads.
 */
import { createActor } from 'xstate'
import type { Led, OpenOptions } from './api.ts'
import type { LockListener } from './effects/leader-lock.ts'
import type { Lease } from './effects/lease.ts'
import type { Place, Sharing } from './effects/place.ts'
import type { Clock } from './effects/ports.ts'
import { newStoreId, systemRandom } from './effects/random.ts'
import { aborted } from './effects/request-queue.ts'
import { withResolvers } from './effects/with-resolvers.ts'
import { DatabaseError, isDatabaseError } from './errors.ts'
import type { LeaderCause, Status } from './events.ts'
import { Follower } from './host/follower.ts'
import { Forwarder } from './host/forwarder.ts'
import type { RemoteDatabase } from './host/remote-database.ts'
import { SharedDatabase } from './host/shared-database.ts'
import { SharedStreams } from './host/shared-streams.ts'
import { limits } from './limits.ts'
import { type LeaderEmitted, leaderMachine } from './machines/leader.ts'
import { MemberReign } from './member-reign.ts'
import { memberStatus } from './member-status.ts'
import type { Settings } from './options.ts'
import { callOnSync } from './streams/callbacks.ts'
import { type Joined, PROTOCOL_OLDEST, PROTOCOL_VERSION } from './wire/protocol.ts'
import type { Transport } from './wire/transport.ts'

export interface MemberOptions {
  readonly name: string
  readonly settings: Settings
  readonly options: OpenOptions
  readonly clock: Clock
}

export interface MemberPlace {
  readonly place: Place
  readonly sharing: Sharing
  readonly transport: Transport
}

type RoleChanged = Extract<LeaderEmitted, { type: 'role.changed' }>

export class Member {
  readonly #at: MemberPlace
  readonly #given: MemberOptions
  readonly #machine
  readonly #streams = new SharedStreams()
  readonly #forwarder: Forwarder
  readonly #follower: Follower
  readonly #database: SharedDatabase
  readonly #opened = withResolvers<Led>()
  readonly #ended = withResolvers<void>()
  #withdrawLock: () => void = () => undefined
  #stopBeats: () => void = () => undefined
  #stopOpening: () => void = () => undefined
  #lease: Lease | undefined
  #reign: MemberReign | undefined
  #error: DatabaseError | undefined
  #status: Status
  /** Since when nobody leads that we know of. */
  #leaderlessSinceMs: number

  constructor(at: MemberPlace, given: MemberOptions) {
    const { name, settings, options, clock } = given
    this.#at = at
    this.#given = given
    this.#leaderlessSinceMs = clock.now()
    this.#machine = createActor(leaderMachine, {
      // Members that lose patience in one moment would rob each other.
      input: { missedMax: limits.missedBeatsMax + Math.floor(2 * systemRandom()) },
    })
    this.#forwarder = new Forwarder({
      timer: {
        now: () => clock.now(),
        after: (ms, fn) => clock.after(ms, fn, { keepsAlive: true }),
      },
      newId: newStoreId,
      onWaiting: (isWaiting) => {
        this.#follower.hold(isWaiting)
        this.#machine.send({ type: 'waiting.changed', isWaiting })
      },
    })
    this.#follower = this.#makeFollower()
    this.#database = new SharedDatabase(name, {
      forwarder: this.#forwarder,
      streams: this.#streams,
      durability: settings.durability,
      close: () => this.#close(),
    })
    const { medium, location } = at.place
    this.#status = { state: 'opening', role: 'none', medium, location, epoch: 0, durability: settings.durability }
    if (options.on !== undefined) callOnSync(this.#streams.events$, options.on)
  }

  /** Resolves when it leads or follows. @throws what kept it from either */
  begin(): Promise<Led> {
    const machine = this.#machine
    machine.subscribe({ error: (error: unknown) => this.#fail(error) })
    machine.on('lock.wanted', () => {
      this.#withdrawLock = this.#at.sharing.lock.request(this.#lockListener())
    })
    machine.on('lock.unwanted', () => this.#withdrawLock())
    machine.on('steal.wanted', () => void this.#steal())
    machine.on('leader.wanted', () => this.#seek())
    machine.on('leader.unwanted', () => this.#follower.stop())
    machine.on('reign.wanted', ({ cause }) => this.#beginReign(cause))
    machine.on('end.wanted', (how) => void this.#endReign(how))
    machine.on('leave.wanted', () => void this.#leave())
    machine.on('leader.silent', () => this.#forwarder.silent('it gives no sign of life, and nobody can take its place'))
    machine.on('role.changed', (fact) => this.#roleChanged(fact))
    machine.start()
    this.#boundOpening()
    this.#beat()
    // To open is to wait for somebody who leads.
    machine.send({ type: 'waiting.changed', isWaiting: true })
    machine.send({ type: 'open.requested' })
    return this.#opened.promise
  }

  #makeFollower(): Follower {
    const { name, settings, clock } = this.#given
    return new Follower({
      name,
      transport: this.#at.transport,
      timer: clock,
      join: {
        memberId: newStoreId(),
        speaks: { oldest: PROTOCOL_OLDEST, newest: PROTOCOL_VERSION },
        pragmas: settings.pragmas,
      },
      epochMin: () => this.#machine.getSnapshot().context.epoch,
      joined: (database, joined) => this.#joined(database, joined),
      refused: (error) => this.#machine.send({ type: 'leader.refused', code: this.#note(error).code }),
      lost: (how) => {
        this.#leaderlessSinceMs = clock.now()
        this.#machine.send({ type: how })
        this.#at.sharing.lock.nudge()
      },
    })
  }

  #lockListener(): LockListener {
    return {
      held: (lease) => {
        this.#lease = lease
        this.#machine.send({ type: 'lock.acquired' })
      },
      refused: (error) => this.#machine.send({ type: 'lock.refused', code: this.#note(error).code }),
      lost: () => this.#reign?.fence(),
    }
  }

  async #steal(): Promise<void> {
    this.#leaderlessSinceMs = this.#given.clock.now()
    // What cannot be found out now is no reason to rob anybody.
    const isPossible = await this.#at.sharing.lock.steal(this.#lockListener()).catch(() => false)
    if (isPossible) this.#withdrawLock()
    else this.#machine.send({ type: 'steal.refused' })
  }

  #seek(): void {
    this.#database.leadHere(undefined)
    this.#forwarder.lead(undefined)
    this.#streams.follow(undefined)
    this.#follower.seek()
  }

  #joined(database: RemoteDatabase, joined: Joined): void {
    const { medium, mediumReason, location } = joined.status
    this.#status = { ...this.#status, medium, location, ...(mediumReason === undefined ? {} : { mediumReason }) }
    this.#machine.send({ type: 'leader.joined', epoch: joined.epoch })
    this.#database.noteReport(joined.recoveryReport)
    this.#streams.follow(database)
    this.#forwarder.lead(database, joined.epoch)
    this.#follower.hold(this.#forwarder.isWaiting)
    this.#streams.emit({
      type: 'leader.changed',
      epoch: joined.epoch,
      role: 'follower',
      cause: this.#machine.getSnapshot().context.cause,
      ms: this.#given.clock.now() - this.#leaderlessSinceMs,
    })
    this.#open()
  }

  #beginReign(cause: LeaderCause): void {
    const lease = this.#lease
    if (lease === undefined) return this.#fail(new Error('a reign was asked for without the lock'))
    this.#forwarder.lead(undefined)
    const reign = new MemberReign({
      ...this.#at,
      lease,
      given: this.#given,
      cause,
      sinceMs: this.#leaderlessSinceMs,
      onRefused: () => undefined,
      began: (database, epoch) => {
        this.#machine.send({ type: 'reign.began', epoch })
        this.#database.noteReport(database.recoveryReport)
        this.#database.leadHere(database)
        this.#forwarder.lead(database, epoch)
        this.#open()
      },
      ended: (error) => {
        if (reign !== this.#reign) return
        const { code } = error
        this.#machine.send(
          code === 'LEASE_LOST' ? { type: 'lease.lost' } : { type: 'reign.failed', code: this.#note(error).code },
        )
      },
    })
    this.#reign = reign
    this.#streams.follow(reign.streams)
    // Its beginning and its end are told by the machine, which knows what they are for this member.
    reign.streams.status$.subscribe((status) => told.includes(status.state) && this.#tell(status))
    void reign.begin()
  }

  async #endReign(how: { readonly isClean: boolean }): Promise<void> {
    const reign = this.#reign
    try {
      await reign?.end(how)
    } catch (error) {
      this.#machine.send({ type: 'reign.failed', code: this.#note(error).code })
    }
    this.#reign = undefined
    this.#lease = undefined
    this.#leaderlessSinceMs = this.#given.clock.now()
    this.#machine.send({ type: 'reign.ended' })
  }

  /** What waits is still answered; each has its deadline. */
  async #leave(): Promise<void> {
    this.#forwarder.refuse(closed())
    await this.#forwarder.idle()
    this.#machine.send({ type: 'left' })
  }

  #close(): Promise<void> {
    if (this.#machine.getSnapshot().status === 'active') this.#machine.send({ type: 'close.requested' })
    return this.#ended.promise
  }

  #boundOpening(): void {
    const { clock, options } = this.#given
    const { signal, deadlineMs = limits.openMs } = options
    const stop = (error: DatabaseError) => {
      this.#note(error)
      this.#opened.reject(error)
      void this.#close()
    }
    const onAbort = () => signal !== undefined && stop(aborted(signal))
    const cancel = clock.after(deadlineMs, () => stop(nobodyAnswered(this.#at, deadlineMs)), {
      keepsAlive: true,
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#stopOpening = () => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #open(): void {
    this.#stopOpening()
    this.#opened.resolve(this.#database)
    if (!this.#forwarder.isWaiting) this.#machine.send({ type: 'waiting.changed', isWaiting: false })
  }

  #beat(): void {
    this.#stopBeats = this.#given.clock.after(limits.beatMs, () => this.#beat())
    if (this.#reign !== undefined) this.#reign.beat()
    else this.#machine.send({ type: this.#follower.takeHeard() ? 'beat.heard' : 'beat.missed' })
  }

  #roleChanged({ role, epoch }: RoleChanged): void {
    const status = memberStatus(this.#status, role, { epoch, reason: this.#error?.message })
    if (status !== undefined) this.#tell(status)
    if (role === 'ending') this.#forwarder.refuse(closed())
    if (role === 'closed' || role === 'failed') this.#end()
  }

  #tell(status: Status): void {
    this.#status = status
    this.#streams.setStatus(status)
  }

  #end(): void {
    const error = this.#error
    this.#stopOpening()
    this.#stopBeats()
    this.#database.leadHere(undefined)
    this.#forwarder.fail(error ?? closed())
    this.#follower.close()
    this.#at.transport.close()
    this.#streams.complete()
    this.#opened.reject(error ?? new DatabaseError('DATABASE_CLOSED', 'the database was closed while it opened'))
    if (error === undefined) this.#ended.resolve()
    else this.#ended.reject(error)
  }

  /** The first error is the one that is told. */
  #note(error: unknown): DatabaseError {
    this.#error ??= isDatabaseError(error)
      ? error
      : new DatabaseError('DATABASE_FAILED', `the database stopped: ${String(error)}`, { cause: error })
    return this.#error
  }

  /** The machine itself is broken: nobody decides any more, so everything ends here. */
  #fail(error: unknown): void {
    this.#note(error)
    this.#reign?.fence()
    this.#end()
  }
}

/** What a reign tells of itself. */
const told: readonly Status['state'][] = ['recovering', 'leading', 'draining']

const closed = () => new DatabaseError('DATABASE_CLOSED', 'the database is closed or closing')

function nobodyAnswered({ place, sharing }: MemberPlace, deadlineMs: number): DatabaseError {
  const { location } = place
  const holder = sharing.holder?.() ?? {}
  const who = holder.pid === undefined ? 'elsewhere' : `in process ${holder.pid}`
  return new DatabaseError(
    'LEADER_UNRESPONSIVE',
    `${location} is open ${who}, and whoever leads it has not answered for ${deadlineMs} ms: it may be stopped, frozen or busy`,
    { details: { location, deadlineMs, ...holder }, retryable: true },
  )
}
