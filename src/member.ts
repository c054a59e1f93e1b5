/**
 * One member of those that have a database open together, from `open` to its end. The leader machine decides; here its wishes are done:
 *
 *   lock.wanted ─▶ the lock        leader.wanted ─▶ Follower ─ joined ─▶ forwarder ─▶ whoever leads
 *   reign.wanted ─▶ MemberReign: a life of the database here, and those who follow it
 *
 * Its user has a SharedDatabase, which stays the same whoever leads.
 */
import { createActor } from 'xstate'
import type { Led } from './api.ts'
import type { Lease } from './effects/lease.ts'
import type { Where } from './effects/place.ts'
import { systemRandom } from './effects/random.ts'
import { withResolvers } from './effects/with-resolvers.ts'
import { asDatabaseError, DatabaseError } from './errors.ts'
import type { LeaderCause, Status } from './events.ts'
import type { RemoteDatabase } from './host/remote-database.ts'
import { statusAtFirst } from './life-status.ts'
import { limits } from './limits.ts'
import { type LeaderEmitted, type LeaderEvent, leaderMachine } from './machines/leader.ts'
import { type MemberOptions, type MemberParts, type MemberPlace, type MemberPorts, partsOf } from './member-parts.ts'
import { MemberReign } from './member-reign.ts'
import { followed, isToldByReign, memberStatus, whereOf } from './member-status.ts'
import { closed } from './reign.ts'
import type { Joined } from './wire/protocol.ts'

export class Member {
  readonly #at: MemberPlace
  readonly #given: MemberOptions
  readonly #machine
  readonly #parts: MemberParts
  readonly #ended = withResolvers<void>()
  #stopBeats: () => void = () => undefined
  #lease: Lease | undefined
  #followed: Where | undefined
  #reign: MemberReign | undefined
  #error: DatabaseError | undefined
  #status: Status
  /** Since when nobody leads that we know of. */
  #leaderlessSinceMs: number

  constructor(at: MemberPlace, given: MemberOptions) {
    this.#at = at
    this.#given = given
    this.#leaderlessSinceMs = given.clock.now()
    this.#machine = createActor(leaderMachine, {
      // Members that lose patience in one moment would rob each other.
      input: { missedMax: limits.missedBeatsMax + Math.floor(2 * systemRandom()) },
    })
    this.#parts = partsOf(at, given, this.#ports())
    this.#status = statusAtFirst(at.place, given.settings)
  }

  /** Resolves when it leads or follows. @throws what kept it from either */
  begin(): Promise<Led> {
    const machine = this.#machine
    machine.subscribe({ error: (error: unknown) => this.#fail(error) })
    machine.on('lock.wanted', () => this.#parts.lock.want())
    machine.on('lock.unwanted', () => this.#parts.lock.unwant())
    machine.on('steal.wanted', () => void this.#steal())
    machine.on('leader.wanted', () => this.#seek())
    machine.on('leader.unwanted', () => this.#parts.follower.stop())
    machine.on('reign.wanted', ({ cause }) => this.#beginReign(cause))
    machine.on('end.wanted', (how) => void this.#endReign(how))
    machine.on('leave.wanted', () => void this.#leave())
    machine.on('leader.silent', () => this.#parts.forwarder.silent())
    machine.on('role.changed', (fact) => this.#roleChanged(fact))
    machine.start()
    this.#beat()
    // To open is to wait for somebody who leads.
    machine.send({ type: 'waiting.changed', isWaiting: true })
    machine.send({ type: 'open.requested' })
    return this.#parts.opening.promise
  }

  /** What the parts tell goes to the machine. */
  #ports(): MemberPorts {
    const send = (event: LeaderEvent) => this.#machine.send(event)
    return {
      lock: {
        held: (lease) => {
          this.#lease = lease
          send({ type: 'lock.acquired' })
        },
        refused: (error) => send({ type: 'lock.refused', code: this.#note(error).code }),
        lost: () => this.#reign?.fence(),
      },
      follower: {
        epochMin: () => this.#machine.getSnapshot().context.epoch,
        joined: (database, joined) => this.#joined(database, joined),
        onRefused: () => this.#parts.streams.emit({ type: 'message.refused' }),
        onAnnounced: (epoch) => this.#reign?.hearOf(epoch),
        refused: (error) => send({ type: 'leader.refused', code: this.#note(error).code }),
        lost: (how) => {
          this.#leaderlessSinceMs = this.#given.clock.now()
          send({ type: how })
          this.#parts.lock.nudge()
        },
      },
      onWaiting: (isWaiting) => {
        this.#parts.follower.hold(isWaiting)
        send({ type: 'waiting.changed', isWaiting })
      },
      onGivenUp: (error) => {
        this.#note(error)
        void this.#close()
      },
      close: () => this.#close(),
    }
  }

  async #steal(): Promise<void> {
    this.#leaderlessSinceMs = this.#given.clock.now()
    const isStillSilent = () => this.#machine.getSnapshot().context.isStealAsked
    if (!(await this.#parts.lock.rob(isStillSilent))) this.#machine.send({ type: 'steal.refused' })
  }

  #seek(): void {
    this.#parts.opening.seeks()
    this.#parts.database.leadHere(undefined)
    this.#parts.forwarder.lead(undefined)
    this.#parts.streams.follow(undefined)
    this.#parts.follower.seek()
  }

  #joined(database: RemoteDatabase, joined: Joined): void {
    const { medium, mediumReason, location } = joined.status
    this.#followed = whereOf(joined.status)
    this.#status = { ...this.#status, medium, location, ...(mediumReason === undefined ? {} : { mediumReason }) }
    this.#machine.send({ type: 'leader.joined', epoch: joined.epoch })
    this.#parts.database.noteReport(joined.recoveryReport)
    this.#parts.streams.follow(database)
    this.#parts.forwarder.lead(database, joined.epoch)
    this.#parts.follower.hold(this.#parts.forwarder.isWaiting)
    const ms = this.#given.clock.now() - this.#leaderlessSinceMs
    this.#parts.streams.emit(followed(this.#machine.getSnapshot().context, ms))
    this.#parts.readiness.soon()
    this.#open()
  }

  #beginReign(cause: LeaderCause): void {
    const lease = this.#lease
    if (lease === undefined) return this.#fail(new Error('a reign was asked for without the lock'))
    this.#parts.opening.leads()
    this.#parts.forwarder.lead(undefined)
    const reign = new MemberReign({
      ...this.#at,
      lease,
      followed: this.#followed,
      given: this.#given,
      signal: this.#parts.opening.signal,
      cause,
      sinceMs: this.#leaderlessSinceMs,
      epochKnown: this.#machine.getSnapshot().context.epoch,
      began: (database, epoch) => {
        this.#machine.send({ type: 'reign.began', epoch })
        this.#parts.database.noteReport(database.recoveryReport)
        this.#parts.database.leadHere(database)
        this.#parts.forwarder.lead(database, epoch)
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
    this.#parts.streams.follow(reign.streams)
    reign.streams.status$.subscribe((status) => isToldByReign(status) && this.#tell(status))
    void reign.begin()
  }

  async #endReign(how: { readonly isClean: boolean }): Promise<void> {
    try {
      await this.#reign?.end(how)
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
    this.#parts.forwarder.refuse(closed())
    await this.#parts.forwarder.idle()
    // It may have ended with its leader.
    if (this.#machine.getSnapshot().status === 'active') this.#machine.send({ type: 'left' })
  }

  #close(): Promise<void> {
    if (this.#machine.getSnapshot().status === 'active') this.#machine.send({ type: 'close.requested' })
    return this.#ended.promise
  }

  #open(): void {
    this.#parts.opening.succeeded(this.#parts.database)
    if (!this.#parts.forwarder.isWaiting) this.#machine.send({ type: 'waiting.changed', isWaiting: false })
  }

  #beat(): void {
    this.#stopBeats = this.#given.clock.after(limits.beatMs, () => this.#beat())
    if (this.#reign !== undefined) this.#reign.beat()
    else this.#machine.send({ type: this.#parts.follower.takeHeard() ? 'beat.heard' : 'beat.missed' })
  }

  #roleChanged({ role, epoch }: Extract<LeaderEmitted, { type: 'role.changed' }>): void {
    const status = memberStatus(this.#status, role, { epoch, reason: this.#error?.message })
    if (status !== undefined) this.#tell(status)
    if (role === 'ending') this.#parts.forwarder.refuse(this.#error ?? closed())
    if (role === 'closed' || role === 'failed') this.#end()
  }

  #tell(status: Status): void {
    this.#status = status
    this.#parts.streams.setStatus(status)
  }

  #end(): void {
    const error = this.#error
    this.#stopBeats()
    this.#parts.readiness.stop()
    this.#parts.database.leadHere(undefined)
    this.#parts.forwarder.fail(error ?? closed())
    this.#parts.follower.close()
    this.#at.transport.close()
    this.#parts.streams.complete()
    this.#parts.opening.failed(error ?? new DatabaseError('DATABASE_CLOSED', 'the database was closed while it opened'))
    if (error === undefined) return this.#ended.resolve()
    this.#ended.reject(error)
  }

  /** The first error is the one that is told. */
  #note(error: unknown): DatabaseError {
    this.#error ??= asDatabaseError(error)
    return this.#error
  }

  /** The machine is broken: nobody decides any more. */
  #fail(error: unknown): void {
    this.#note(error)
    this.#reign?.fence()
    this.#end()
  }
}
